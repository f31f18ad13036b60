"""What comes out of the session service."""

from datetime import datetime

import msgspec

from broker.lifecycle.session import SessionState
from broker.model.ids import SessionId
from broker.model.reasons import DenyReason, EndReason, TicketRefusal
from broker.model.records import Desktop, Pool, Session, User, Zone
from broker.policy.decision import Allow, Deny, TraceStep
from broker.pool.records import DesktopRow, NoSuchPool, PoolSummary
from broker.secret import Secret
from broker.wire.messages import ConnectionSpec

__all__ = [
    "DesktopRow",
    "Disconnected",
    "Ended",
    "EndedForPerson",
    "LiveSession",
    "NoSuchPool",
    "NoSuchSession",
    "OpenDenied",
    "OpenOutcome",
    "Opened",
    "PoolSummary",
    "PoolView",
    "Preparing",
    "RedeemDenied",
    "RedeemOk",
    "RedeemOutcome",
    "SessionOver",
    "TicketIssued",
    "TicketOutcome",
]


class PoolView(msgspec.Struct, frozen=True, kw_only=True):
    """One pool as the portal shows it to one person: the decision, and what is running there for them."""

    pool: Pool
    zone: Zone
    decision: Allow | Deny
    session: Session | None
    has_desktop: bool
    may_log_off: bool


class Opened(msgspec.Struct, frozen=True):
    """The session that the page should attach to (a new one, or the one that is still there)."""

    session: Session


class OpenDenied(msgspec.Struct, frozen=True):
    reason: DenyReason
    trace: tuple[TraceStep, ...]


class TicketIssued(msgspec.Struct, frozen=True, kw_only=True):
    """``ticket`` is good for one tunnel until ``expires_at``, at most 30 s ahead."""

    ticket: Secret
    expires_at: datetime
    takes_over: bool


class Preparing(msgspec.Struct, frozen=True, kw_only=True):
    """The desktop is not ready yet. ``position`` counts from 1 while the session is queued, otherwise it is 0."""

    state: SessionState
    position: int
    waiting_since: datetime


class SessionOver(msgspec.Struct, frozen=True):
    reason: EndReason | None


class NoSuchSession(msgspec.Struct, frozen=True):
    """There is none, or it belongs to somebody else: the answer is the same."""


class RedeemOk(msgspec.Struct, frozen=True):
    spec: ConnectionSpec


class RedeemDenied(msgspec.Struct, frozen=True):
    code: TicketRefusal


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """``work_goes_on_until_limit``: the host can't log off by our hand; its own limit ends the work there."""

    session_id: SessionId
    work_goes_on_until_limit: bool


class Disconnected(msgspec.Struct, frozen=True):
    session_id: SessionId


class EndedForPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A session of one's own that ended lately, and not by one's own hand."""

    pool: Pool
    reason: EndReason
    ended_at: datetime


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the console: the session with its people and things."""

    session: Session
    user: User
    pool: Pool
    desktop: Desktop | None
    address: str


OpenOutcome = Opened | OpenDenied | NoSuchPool
TicketOutcome = TicketIssued | Preparing | SessionOver | OpenDenied | NoSuchSession
RedeemOutcome = RedeemOk | RedeemDenied
