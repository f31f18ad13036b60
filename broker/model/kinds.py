"""Closed sets of words that records, facts and pages share."""

from enum import StrEnum


class Role(StrEnum):
    """What a signed-in person may do in the console. A person without a role is a staff member."""

    SYSTEM_ADMIN = "system_admin"
    TENANT_ADMIN = "tenant_admin"
    POOL_ADMIN = "pool_admin"
    AUDITOR = "auditor"


class Origin(StrEnum):
    """Where a person comes from, known by the entrance, never by what a client says."""

    OFFICE = "office"
    CLOSED_SIM = "closed_sim"
    SATELLITE = "satellite"
    INTERNET = "internet"


class PoolKind(StrEnum):
    FLOATING = "floating"
    PERSISTENT = "persistent"


class DesktopProtocol(StrEnum):
    VNC = "vnc"
    RDP = "rdp"


class Mode(StrEnum):
    """How the tenant runs at the moment."""

    NORMAL = "normal"
    MAINTENANCE = "maintenance"


class Bandwidth(StrEnum):
    NORMAL = "normal"
    LOW = "low"
