"""Attempts at sign-in as they are counted, and addresses that the IT desk has blocked."""

from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.ids import TenantId


class Scope(StrEnum):
    """What is counted together. Which of them bind an attempt: :mod:`broker.signin.scopes`."""

    PAIR = "pair"
    """A name from one address."""
    ADDRESS = "addr"
    """Every name from one address."""
    ACCOUNT = "acct"
    """A name from everywhere, as far as nothing is known of where it comes from."""
    TENANT = "tent"
    """Every name of a tenant at one entrance from one of a few groups of networks, as far as nothing is known."""
    BROWSER = "brow"
    """A name from a browser that bears the mark of its earlier sign-in."""
    DEVICE = "devi"
    """A name from a device with a valid certificate."""
    BLOCK = "blok"
    """A network that the IT desk has blocked; nothing is counted."""


class Throttle(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts counted under one key. The rest tells people what it is about: ``login`` and ``address`` are those of
    the key (a tenant's address is the last one), ``entrances`` all that attempts came through, ``reason`` and
    ``set_by`` of a block."""

    key: str
    failures: int
    first_failed_at: datetime
    blocked_until: datetime | None
    tenant_id: TenantId = TenantId("")
    scope: str = ""
    login: str = ""
    address: str = ""
    entrances: frozenset[str] = frozenset()
    reason: str = ""
    set_by: str = ""
