"""Sealed values as rotation sees them, and which broker holds which key."""

from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.ids import TenantId
from broker.secret import Sealed


class SealedKind(StrEnum):
    """Every place where a sealed value is kept."""

    TOTP = "totp"
    """The shared secret of an authenticator app; ``subject`` is the person's id."""
    ENROLMENT = "enrolment"
    """The secret that a sign-in in progress offers; ``subject`` is the login."""
    DESKTOP = "desktop"
    """The account of a desktop; ``subject`` is its id."""
    DEVICE_AUTHORITY = "device_authority"
    """The key that signs devices' certificates."""
    SEAT = "seat"
    """Where the connection of an attachment is held; ``subject`` is the attachment's id."""


class SealedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed value. ``row_id`` finds its row within the tenant."""

    kind: SealedKind
    tenant_id: TenantId
    row_id: str | bytes
    subject: str
    sealed: Sealed


class KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """What a running broker last told: the keys that it can open with, and the one that it seals by."""

    node: str
    label: str
    keys: tuple[str, ...]
    seals_by: str
    seen_at: datetime


class KeyInUse(msgspec.Struct, frozen=True):
    """The key that every broker seals by, and since when."""

    key: str
    promoted_at: datetime
