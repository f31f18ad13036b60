"""What a session's facts mean: what a detach leaves behind, which limits have passed. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import LIVE_STATES, SessionState
from broker.model.grants import Grants
from broker.model.ids import SessionId
from broker.model.reasons import DenyReason, EndReason
from broker.model.records import Attachment, Desktop, Pool, Session

TICKET_TTL_S: Final = 30
"""Life of a ticket, by the database's clock."""
ABANDONED_AFTER_S: Final = 120
"""A desktop that was given out and never seen (no ticket redeemed, no picture drawn) goes back after so long."""
QUEUE_LIMIT_S: Final = 12 * 3600
_LIMIT_GRACE_S: Final = 30
"""The gateway ends a session at its limit by itself; the books follow after this if they heard nothing."""
LIVE_GRACE_S: Final = 15
"""A ticket redeemed more recently than this may not be in the gateway's list of live attachments yet."""

UP_STATES: Final = frozenset({DesktopState.RESERVED, DesktopState.IN_USE})
"""States in which a desktop with a seat can be connected to."""

_ENDING_REASONS: Final = frozenset(
    {
        EndReason.LOGGED_OFF,
        EndReason.TERMINATED,
        EndReason.ABSOLUTE_LIMIT,
        EndReason.HOURS_ENDED,
        EndReason.ENTITLEMENT_LOST,
        EndReason.ACCOUNT_LOCKED,
        EndReason.APPROVAL_ENDED,
        EndReason.DEVICE_REFUSED,
        EndReason.MODE_CHANGED,
        EndReason.POLICY_CHANGED,
        EndReason.DESKTOP_LOST,
    }
)
_END_REASONS: Final[Mapping[DenyReason, EndReason]] = MappingProxyType(
    {
        DenyReason.ACCOUNT_LOCKED: EndReason.ACCOUNT_LOCKED,
        DenyReason.NOT_ENTITLED: EndReason.ENTITLEMENT_LOST,
        DenyReason.APPROVAL_MISSING: EndReason.APPROVAL_ENDED,
        DenyReason.DEVICE_NOT_ALLOWED: EndReason.DEVICE_REFUSED,
        DenyReason.CERTIFICATE_NOT_VALID: EndReason.DEVICE_REFUSED,
        DenyReason.MAINTENANCE: EndReason.MODE_CHANGED,
        DenyReason.DEGRADED: EndReason.MODE_CHANGED,
        DenyReason.OUTSIDE_HOURS: EndReason.HOURS_ENDED,
    }
)
_BROKEN_DESKTOP: Final = frozenset({EndReason.DESKTOP_UNREACHABLE, EndReason.DESKTOP_SIGNIN_FAILED})


def end_reason_of(refusal: DenyReason) -> EndReason:
    """Why a live session ends that would be refused at the door now."""
    return _END_REASONS.get(refusal, EndReason.POLICY_CHANGED)


class Fate(StrEnum):
    """What becomes of a session whose one attachment is gone."""

    DISCONNECT = "disconnect"
    END = "end"
    FAIL = "fail"


def fate_of_detach(session: Session, reason: EndReason) -> Fate:
    """Work that was begun stays for the next open, unless a limit or somebody's order ended it.

    A desktop that never showed a picture and could not be reached is given up: the next open gets another one.
    """
    if reason in _ENDING_REASONS:
        return Fate.END
    if reason in _BROKEN_DESKTOP and session.started_at is None:
        return Fate.FAIL
    return Fate.DISCONNECT


class Expire(msgspec.Struct, frozen=True):
    """The session's time is over."""

    reason: EndReason
    has_failed: bool = False


class LetGo(msgspec.Struct, frozen=True):
    """Nobody is attached (any more): back to *disconnected*, where the work waits."""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What a session has in hand. ``desktop`` is the one of its seat."""

    pool: Pool
    desktop: Desktop | None
    is_attached: bool


def expiry_of(session: Session, holding: Holding, now: datetime) -> Expire | LetGo | None:
    """What the clock asks of a live session."""
    if (limit := _limit_passed(session, now, 0 if not holding.is_attached else _LIMIT_GRACE_S)) is not None:
        return Expire(limit)
    if holding.is_attached:
        return None
    waited = now - session.state_since
    match session.state:
        case SessionState.QUEUED if waited > timedelta(seconds=QUEUE_LIMIT_S):
            return Expire(EndReason.NO_CAPACITY)
        case SessionState.REQUESTED:
            return _expiry_of_requested(session, holding.desktop, now)
        case SessionState.TICKETED if waited > timedelta(seconds=ABANDONED_AFTER_S):
            return LetGo() if session.started_at is not None else Expire(EndReason.ABANDONED)
        case SessionState.ACTIVE | SessionState.PARKED:
            return LetGo()
        case SessionState.DISCONNECTED if session.started_at is None:
            is_over = waited > timedelta(seconds=ABANDONED_AFTER_S)
            return Expire(EndReason.ABANDONED) if is_over else None
        case SessionState.DISCONNECTED if waited > timedelta(seconds=holding.pool.disconnect_limit_s):
            return Expire(EndReason.DISCONNECT_LIMIT)
        case _:
            return None


def _expiry_of_requested(session: Session, desktop: Desktop | None, now: datetime) -> Expire | None:
    if desktop is None:
        return Expire(EndReason.DESKTOP_LOST)
    if desktop.state is DesktopState.RETIRED:
        return Expire(EndReason.DESKTOP_FAILED, has_failed=True)
    if desktop.state not in UP_STATES:
        return None  # it is on its way up, or its failure will say so
    since = max(session.state_since, desktop.state_since)
    return Expire(EndReason.ABANDONED) if now - since > timedelta(seconds=ABANDONED_AFTER_S) else None


def _limit_passed(session: Session, now: datetime, grace_s: int) -> EndReason | None:
    grace = timedelta(seconds=grace_s)
    if session.started_at is None:
        return None
    if now >= session.started_at + timedelta(seconds=session.grants.absolute_limit_s) + grace:
        return EndReason.ABSOLUTE_LIMIT
    if session.grants.ends_at is not None and now >= session.grants.ends_at + grace:
        return EndReason.HOURS_ENDED
    return None


def remaining_grants(session: Session, grants: Grants, now: datetime) -> Grants:
    """The grants for one attachment: its absolute limit is what the whole session has left."""
    if session.started_at is None:
        return grants
    spent_s = int((now - session.started_at).total_seconds())
    return msgspec.structs.replace(grants, absolute_limit_s=max(0, grants.absolute_limit_s - spent_s))


def position_of(queue: Sequence[Session], session_id: SessionId) -> int:
    """Place in the queue, from 1; 0 when the session does not wait."""
    return next((place for place, waiting in enumerate(queue, 1) if waiting.id == session_id), 0)


def is_live(session: Session) -> bool:
    return session.state in LIVE_STATES


def may_revive(attachment: Attachment, session: Session | None, *, has_other: bool) -> bool:
    """Whether an attachment that the books gave up, but that its gateway still holds, counts again."""
    return (
        attachment.close_reason is EndReason.GATEWAY_LOST and session is not None and is_live(session) and not has_other
    )


def why_not(attachment: Attachment | None, session: Session | None, *, has_other: bool) -> EndReason:
    """Why a gateway must end an attachment that is not open in the books."""
    if attachment is None or session is None:
        return EndReason.TERMINATED
    if attachment.close_reason is not None and attachment.close_reason is not EndReason.GATEWAY_LOST:
        return attachment.close_reason
    if has_other:
        return EndReason.TAKEN_OVER
    return session.end_reason or EndReason.TERMINATED


def honest_time(told: datetime, *, not_before: datetime, now: datetime) -> datetime:
    """A gateway's time, kept within what can be: its clock may be off."""
    return min(max(told, not_before), now)
