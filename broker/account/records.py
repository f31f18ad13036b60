"""What is ordered about local accounts, and what comes of it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.accounts import LocalAccount
from broker.model.ids import UserId
from broker.model.kinds import Role
from broker.model.records import User
from broker.secret import Secret


class AccountOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A new account. ``expires_at``: when it ends by itself; None: never."""

    login: str
    display_name: str
    department: str = ""
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    reason: str


class AccountRefusal(StrEnum):
    LOGIN_INVALID = "login_invalid"
    NAME_INVALID = "name_invalid"
    GROUPS_INVALID = "groups_invalid"
    LOGIN_TAKEN = "login_taken"
    """Somebody of the books has it, or a spelling of it, or had it as a local account."""
    IN_DIRECTORY = "in_directory"
    DIRECTORY_SILENT = "directory_silent"
    """Whether the directory knows the login could not be learned."""
    ROLE_ABOVE = "role_above"
    EXPIRY_PAST = "expiry_past"
    REASON_MISSING = "reason_missing"
    STATE_CHANGED = "state_changed"
    """Somebody else was faster, or it is so already."""
    HOURS_INVALID = "hours_invalid"


class AccountRefused(msgspec.Struct, frozen=True):
    why: AccountRefusal


class AccountRow(msgspec.Struct, frozen=True):
    """``stands``: it may sign in now."""

    account: LocalAccount
    user: User
    stands: bool


class NoSuchAccount(msgspec.Struct, frozen=True):
    """No local account of the actor's own municipality has this id."""


class PasswordGiven(msgspec.Struct, frozen=True, kw_only=True):
    """To be handed to the person and shown once: it is kept nowhere."""

    user_id: UserId
    login: str
    password: Secret
    until: datetime


class AccountChanged(msgspec.Struct, frozen=True):
    user_id: UserId
    login: str


class EmergencyBegun(msgspec.Struct, frozen=True, kw_only=True):
    """What the terminal shows once: the password, and the authenticator app's key as text and as otpauth URI."""

    login: str
    password: Secret
    text_key: str
    uri: str
    expires_at: datetime
