"""What the IT desk asks about the rules, and what comes back."""

from datetime import datetime

import msgspec

from broker.model.ids import PoolId, UserId
from broker.model.kinds import Mode
from broker.model.place import Place
from broker.model.records import Pool, User
from broker.policy.decision import Allow, Deny
from broker.policy.rehearsal import Rehearsal


class ExplainQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Could this person open this pool from ``place``, at ``at`` (now), with both factors just shown?"""

    login: str
    pool_id: PoolId
    place: Place
    at: datetime | None = None
    mode: Mode | None = None


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    user: User
    pool: Pool
    at: datetime
    decision: Allow | Deny


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """``logins`` names the people of the rehearsal. ``is_complete``: every kept decision was asked again."""

    rehearsal: Rehearsal
    since: datetime
    is_complete: bool
    logins: dict[UserId, str]


class Refusal(msgspec.Struct, frozen=True):
    """The order can't be carried out; ``why`` is for the IT desk."""

    why: str


class ModeAwaits(msgspec.Struct, frozen=True):
    """The mode begins when a second person has approved it."""

    change_id: str


class ModeState(msgspec.Struct, frozen=True, kw_only=True):
    """``now`` is the mode that decisions see; a drill and a mode that has ended leave it normal.

    ``awaits``: the id of the change that was asked for just now and waits for its second person.
    """

    mode: Mode
    until: datetime | None
    is_drill: bool
    now: Mode
    awaits: str | None = None
