"""Who a service certificate belongs to, as the URI in its subject alternative name says (RFC 5280, 4.2.1.6). Pure."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

_PREFIX: Final = "urn:sekisho:"
ANY_BROKER: Final = "broker.sekisho.internal"
"""The name that all brokers share: whoever dials one may get any of them."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class ServiceKind(StrEnum):
    ENTRANCE = "entrance"
    GATEWAY = "gateway"
    AGENT = "agent"
    BROKER = "broker"
    GUACD = "guacd"
    DIRECTORY = "directory"


class ServiceName(msgspec.Struct, frozen=True):
    """``urn:sekisho:<kind>:<id>``."""

    kind: ServiceKind
    id: str

    def as_hostname(self) -> str:
        """The name in its certificate by which HAProxy knows it, wherever it stands; no name server knows it."""
        return f"{self.id}.{self.kind}.sekisho.internal"

    def as_uri(self) -> str:
        return f"{_PREFIX}{self.kind}:{self.id}"


def is_service_id(text: str) -> bool:
    """Whether it can be the id of a service: a-z, 0-9, '.', '_' and '-', at most 64 characters."""
    return _NAME.fullmatch(text) is not None


def read_service_name(uris: Iterable[str]) -> ServiceName | None:
    """The one name among the URIs of a certificate. None, several, or one that is malformed: nobody."""
    ours = [uri for uri in uris if uri.startswith(_PREFIX)]
    if len(ours) != 1:
        return None
    kind, _, service_id = ours[0].removeprefix(_PREFIX).partition(":")
    if kind not in set(ServiceKind) or not is_service_id(service_id):
        return None
    return ServiceName(ServiceKind(kind), service_id)
