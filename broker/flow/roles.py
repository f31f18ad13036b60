"""Words for what runs on a host: ``broker``, ``gateway:gw-1``."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from broker.model.flow_settings import HostSettings


class RoleKind(StrEnum):
    BROKER = "broker"
    DATABASE = "database"
    ROUTER = "router"
    OTHER = "other"
    DIRECTORY = "directory"
    ENTRANCE = "entrance"
    GATEWAY = "gateway"
    AGENT = "agent"
    GUACD = "guacd"
    DESKTOPS = "desktops"


_ALONE: Final = frozenset({RoleKind.BROKER, RoleKind.DATABASE, RoleKind.ROUTER, RoleKind.OTHER})


class HostRole(msgspec.Struct, frozen=True):
    """``subject`` is what the role is for (a tenant, a zone, a peer …); empty where there is only one."""

    kind: RoleKind
    subject: str = ""


def read_role(text: str) -> HostRole | None:
    """The role behind a word; ``None`` when it is none."""
    word, colon, subject = text.partition(":")
    if word not in set(RoleKind):
        return None
    kind = RoleKind(word)
    if (kind in _ALONE) == bool(colon) or bool(colon) != bool(subject):
        return None
    return HostRole(kind, subject)


def roles_of(host: HostSettings) -> frozenset[HostRole]:
    return frozenset(role for text in host.roles if (role := read_role(text)) is not None)


def hosts_with(hosts: Iterable[HostSettings], kind: RoleKind, subject: str | None = None) -> list[HostSettings]:
    """Hosts that have such a role; ``None`` as a subject stands for any."""
    return [
        host for host in hosts if any(role.kind is kind and subject in {None, role.subject} for role in roles_of(host))
    ]
