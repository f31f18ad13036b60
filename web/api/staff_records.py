"""Answers of the API to a staff member about their own pools and sessions."""

from datetime import datetime

import msgspec

from broker.lifecycle.session import SessionState
from broker.model.kinds import Origin, PoolKind, Role
from broker.model.reasons import DenyReason, EndReason


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-in person and the session of this browser."""

    user_id: str
    login: str
    display_name: str
    department: str
    roles: list[Role]
    tenant_id: str
    tenant_name_ja: str
    tenant_name_en: str
    origin: Origin
    signed_in_at: datetime


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One of the person's live sessions."""

    id: str
    pool_id: str
    state: SessionState
    created_at: datetime
    started_at: datetime | None


class PoolInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A pool as the portal shows it. ``refusal`` is null when it may be opened now."""

    id: str
    name_ja: str
    name_en: str
    zone_id: str
    zone_name_ja: str
    zone_name_en: str
    kind: PoolKind
    refusal: DenyReason | None
    session: SessionInfo | None
    may_log_off: bool


class Pools(msgspec.Struct, frozen=True):
    pools: list[PoolInfo]


class Sessions(msgspec.Struct, frozen=True):
    sessions: list[SessionInfo]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that was asked, in plain words of the chosen language."""

    rule: str
    passed: bool
    condition: str
    remedy: str


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """The decision about a pool with every rule that was asked."""

    is_allowed: bool
    reason: DenyReason | None
    rules: list[Rule]


class TicketReady(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="issued"):
    """The ticket goes into the WebSocket at ``tunnel_url``, never into an address."""

    ticket: str
    expires_at: datetime
    takes_over: bool
    tunnel_url: str


class TicketPreparing(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="preparing"):
    """Ask again in a second. ``position`` counts from 1 in the queue, 0 outside of it."""

    state: SessionState
    position: int
    waiting_since: datetime


class TicketOver(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="over"):
    """The session has ended; open the pool again."""

    reason: EndReason | None


class Hung(msgspec.Struct, frozen=True, kw_only=True):
    """The session is disconnected; its desktop still belongs to the person."""

    session_id: str


class LoggedOff(msgspec.Struct, frozen=True, kw_only=True):
    """``work_goes_on_until_limit``: the host can't log off by our hand, its own limit ends the work there."""

    session_id: str
    work_goes_on_until_limit: bool


TicketAnswer = TicketReady | TicketPreparing | TicketOver
