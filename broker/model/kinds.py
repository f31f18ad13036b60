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


class Segment(StrEnum):
    """What kind of line a person sits on, as the entrance vouches for it."""

    WIRED = "wired"
    WIRELESS = "wireless"
    UNKNOWN = "unknown"


class DeviceKind(StrEnum):
    """Whose device it is: lent by the municipality (貸与端末), registered private (私物端末), or nobody knows."""

    MANAGED = "managed"
    BYOD = "byod"
    NONE = "none"


class CertificateState(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ABSENT = "absent"


class DirectoryKind(StrEnum):
    """What kind of server knows the staff."""

    LDAP = "ldap"
    """OpenLDAP, 389 Directory Server and their like."""
    ACTIVE_DIRECTORY = "active_directory"
    """Also Samba's domain controller."""


class PoolKind(StrEnum):
    FLOATING = "floating"
    PERSISTENT = "persistent"


class DesktopProtocol(StrEnum):
    VNC = "vnc"
    RDP = "rdp"


class Mode(StrEnum):
    """How the tenant runs at the moment."""

    NORMAL = "normal"
    BCP = "bcp"
    """Disaster: the exceptions that were approved for it count."""
    DEGRADED = "degraded"
    """Priority pools only (縮退運転)."""
    MAINTENANCE = "maintenance"


class Bandwidth(StrEnum):
    NORMAL = "normal"
    LOW = "low"
