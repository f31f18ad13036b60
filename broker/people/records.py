"""What the console learns about people, and what it asks for in vain."""

from datetime import datetime

import msgspec

from broker.model.kinds import Origin
from broker.model.records import AuditRecord, User


class NoSuchPerson(msgspec.Struct, frozen=True):
    """Nobody of the actor's own municipality has this id."""


class ReasonMissing(msgspec.Struct, frozen=True):
    """A change that the audit must be able to explain came without a reason."""


class PreviousSignin(msgspec.Struct, frozen=True, kw_only=True):
    """A person's own sign-in before the present one, so that they notice a stranger's."""

    at: datetime
    origin: Origin | None
    address: str


class PersonDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The helpdesk's page for one person. ``recent`` holds also refused sign-ins under their name, newest first."""

    user: User
    recovery_codes_left: int
    recent: tuple[AuditRecord, ...]
