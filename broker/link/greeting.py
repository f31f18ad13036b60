"""The first message of a peer: who it says it is, checked before anything else is believed."""

import re
from collections.abc import Sequence
from typing import Final

from broker.errors import WireError
from broker.wire.messages import WIRE_VERSION, AgentHello, GatewayHello

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MAX_ZONES: Final = 64
_MAX_EPOCH_CHARACTERS: Final = 64
_MAX_CAPACITY: Final = 10_000


def is_name(text: str) -> bool:
    """Whether it can be the id of a peer or of a zone."""
    return _NAME.fullmatch(text) is not None


def check_gateway(hello: GatewayHello) -> None:
    """Raises :class:`WireError` in words that the peer may hear."""
    _check_version(hello.version)
    _check_names([hello.gateway_id, *hello.zones])
    if not 0 < len(hello.epoch) <= _MAX_EPOCH_CHARACTERS or not hello.epoch.isprintable():
        raise WireError("epoch is not usable")


def check_agent(hello: AgentHello) -> None:
    """Raises :class:`WireError` in words that the peer may hear."""
    _check_version(hello.version)
    _check_names([hello.agent_id, *hello.zones])
    if not 0 < hello.capacity <= _MAX_CAPACITY:
        raise WireError("capacity is not usable")


def _check_version(version: int) -> None:
    if version != WIRE_VERSION:
        raise WireError(f"version {WIRE_VERSION} is spoken here, not {version}")


def _check_names(names: Sequence[str]) -> None:
    if not 1 < len(names) <= 1 + _MAX_ZONES:
        raise WireError(f"a peer serves between 1 and {_MAX_ZONES} zones")
    if not all(is_name(name) for name in names):
        raise WireError("an id or a zone is not a name")
