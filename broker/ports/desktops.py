"""Where desktops come from: the plugin point of providers, and what a provider may be capable of."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from broker.model.ids import (
    AgentId,
    DesktopId,
)
from broker.model.records import (
    Desktop,
    Endpoint,
    Pool,
    Zone,
)
from broker.secret import Secret


class StartOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``home_key`` names data that outlives the desktop (persistent); None asks for a fresh one."""

    pool: Pool
    zone: Zone
    desktop: Desktop
    credential: Mapping[str, Secret]
    home_key: str | None


class DesktopUp(msgspec.Struct, frozen=True):
    """``agent_id`` is the agent that holds the desktop, for providers that have agents: it goes into the row."""

    endpoint: Endpoint
    agent_id: AgentId | None = None


class ProviderFailure(msgspec.Struct, frozen=True):
    """The provider could not do it; ``fault`` is in plain words for the IT desk. ``is_transient``: ask again later."""

    fault: str
    is_transient: bool = True


class DesktopDown(msgspec.Struct, frozen=True):
    pass


class Observation(msgspec.Struct, frozen=True):
    """Desktops that the provider has running right now, by id."""

    running: frozenset[DesktopId]


@runtime_checkable
class DesktopProvider(Protocol):
    """The core of a provider: observe, start, stop. All three are idempotent and may be asked again after a crash.

    No method may take longer than its own deadline; a hung provider costs only its own pools.
    """

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure: ...
    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure: ...
    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure: ...


@runtime_checkable
class LogsOff(Protocol):
    """Capability: ends the person's work on the desktop and leaves nothing of it (of a fresh home) behind."""

    async def log_off(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure: ...


@runtime_checkable
class MakesCredentials(Protocol):
    """Capability: makes the credential that a desktop will be started with."""

    def new_credential(self, pool: Pool, desktop_id: DesktopId) -> Mapping[str, Secret]: ...
