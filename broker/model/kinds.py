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
    """What came of looking at a device's certificate. Only ``VALID`` names a device."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    ABSENT = "absent"
    OTHER_AUTHORITY = "other_authority"
    """Another authority has issued it."""
    FORGED = "forged"
    """It claims to come from the tenant's authority and has not its signature."""
    WRONG_PURPOSE = "wrong_purpose"
    """It is not made for a client (or is an authority's own)."""
    NOT_ENROLLED = "not_enrolled"
    """The authority has signed it, and the books do not know it."""
    OTHER_OWNER = "other_owner"
    """The device belongs to another person."""
    UNREADABLE = "unreadable"


class DirectoryKind(StrEnum):
    """What kind of server knows the staff."""

    LDAP = "ldap"
    """OpenLDAP, 389 Directory Server and their like."""
    ACTIVE_DIRECTORY = "active_directory"
    """Also Samba's domain controller."""


class SameLogin(StrEnum):
    """What becomes of a login that two directories of a tenant have."""

    REFUSE = "refuse"
    """Nobody signs in by it, because nobody can tell whose it is."""
    FIRST = "first"
    """It is the person's of the first directory that has it; the others' are never asked."""


class PoolKind(StrEnum):
    FLOATING = "floating"
    PERSISTENT = "persistent"


class PoolApplication(StrEnum):
    """What a pool's desktops are for."""

    DESKTOP = "desktop"
    BROWSER = "browser"
    """A browser and nothing else, with a list of destinations (仮想ブラウザー)."""


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
