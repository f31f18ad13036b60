"""Whether somebody may ask for a change that loosens, and whether somebody may decide on it. Pure.

The rule of two people: who asked never decides, both have signed in themselves, and who decides has shown both
factors just now.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from broker.lifecycle.policy_change import CHANGE_STEPS, ChangeEvent
from broker.lifecycle.step import may_step
from broker.model.actor import Actor
from broker.model.policy_records import PolicyChange

FRESH: Final = timedelta(minutes=10)
"""How old the sign-in of somebody who approves may be."""


class ChangeRefusal(StrEnum):
    """Why a change can't be asked for or decided. Pages translate it."""

    REASON_MISSING = "reason_missing"
    NOT_SIGNED_IN = "not_signed_in"
    OWN_REQUEST = "own_request"
    NOT_OWN_REQUEST = "not_own_request"
    STEP_UP_NEEDED = "step_up_needed"
    NO_DECISION = "no_decision"
    ALREADY_OVER = "already_over"
    STALE = "stale"
    IN_PAST = "in_past"
    TOO_LONG = "too_long"
    CONTRADICTORY = "contradictory"
    LOOSENS_NOTHING = "loosens_nothing"
    CHANGES_NOTHING = "changes_nothing"


class ChangeRefused(msgspec.Struct, frozen=True):
    """``why`` is for the person who asked, with the field that is wrong."""

    code: ChangeRefusal
    why: str


def refuse_request(actor: Actor, reason: str) -> ChangeRefused | None:
    """What loosens is asked for by a person, with a reason."""
    if not reason.strip():
        return ChangeRefused(ChangeRefusal.REASON_MISSING, "reason: is empty; it goes into the audit")
    if actor.factor_at is None:
        return ChangeRefused(ChangeRefusal.NOT_SIGNED_IN, "this needs a person's own sign-in with both factors")
    return None


def refuse_step(change: PolicyChange, event: ChangeEvent, note: str) -> ChangeRefused | None:
    """A step that the lifecycle does not have, or one without a reason."""
    if not may_step(CHANGE_STEPS, change.state, event):
        return ChangeRefused(ChangeRefusal.ALREADY_OVER, f"it is {change.state}: it can't be {event}")
    if not note.strip():
        return ChangeRefused(ChangeRefusal.REASON_MISSING, "reason: is empty; it goes into the audit")
    return None


def refuse_approval(actor: Actor, change: PolicyChange, now: datetime) -> ChangeRefused | None:
    """Whether this person may be the second one."""
    if actor.factor_at is None:
        return ChangeRefused(ChangeRefusal.NOT_SIGNED_IN, "this needs a person's own sign-in with both factors")
    if actor.name == change.requested_by:
        return ChangeRefused(ChangeRefusal.OWN_REQUEST, "nobody approves their own request: a second person is needed")
    if not timedelta(0) <= now - actor.factor_at <= FRESH:
        minutes = int(FRESH.total_seconds()) // 60
        return ChangeRefused(ChangeRefusal.STEP_UP_NEEDED, f"sign in again: both factors within {minutes} minutes")
    return None
