"""A fake of the session service: a script in memory that remembers what was asked."""

from datetime import timedelta

from broker.lifecycle.session import SessionState
from broker.model.actor import Actor
from broker.model.ids import PoolId, SessionId
from broker.model.reasons import DenyReason, EndReason
from broker.model.records import Pool, Session
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.decision import Allow, Deny, TraceStep
from broker.pool.records import (
    NoSuchPool,
)
from broker.secret import new_token
from broker.session.records import (
    Disconnected,
    Ended,
    EndedForPerson,
    LiveSession,
    NoSuchSession,
    OpenDenied,
    Opened,
    OpenOutcome,
    PoolView,
    Preparing,
    SessionOver,
    TicketIssued,
    TicketOutcome,
)
from broker.signin.records import (
    Authenticated,
)
from tests.web.people import (
    NOW,
    POOLS,
    make_session,
)

_RULES = ("signed_in", "second_factor", "not_locked", "origin_known", "origin_allowed", "entitled", "pool_open")


class ScriptedSessions:
    """Sessions of the pools. ``waits`` tells how often a ticket is answered by 'preparing'."""

    def __init__(self) -> None:
        self.live: dict[PoolId, Session] = {}
        self.denied: dict[PoolId, DenyReason] = {POOLS[2][0].id: DenyReason.NOT_ENTITLED}
        self.pools: list[Pool] = [pool for pool, _zone in POOLS]
        self.over: dict[SessionId, EndReason] = {}
        self.waits = 0
        self.asked: list[str] = []
        self.others: list[LiveSession] = []
        self.ended: list[EndedForPerson] = []

    def _decide(self, pool_id: PoolId) -> Allow | Deny:
        reason = self.denied.get(pool_id)
        trace = tuple(
            TraceStep(rule, not (rule == "entitled" and reason is DenyReason.NOT_ENTITLED), "facts") for rule in _RULES
        )
        if reason is not None:
            return Deny(reason, trace)
        return Allow(self.pools[0].grants, trace)

    def _own(self, auth: Authenticated, session_id: SessionId) -> Session | None:
        mine = (one for one in self.live.values() if one.id == session_id and one.user_id == auth.user.id)
        return next(mine, None)

    async def portal(self, auth: Authenticated) -> list[PoolView]:
        zones = {zone.id: zone for _pool, zone in POOLS}
        mine = {key: one for key, one in self.live.items() if one.user_id == auth.user.id}
        return [
            PoolView(
                pool=pool,
                zone=zones[pool.zone_id],
                decision=self._decide(pool.id),
                session=mine.get(pool.id),
                has_desktop=pool.id in mine,
                may_log_off=pool.provider == "local",
            )
            for pool in self.pools
        ]

    async def ended_lately(self, auth: Authenticated) -> list[EndedForPerson]:
        return list(self.ended)

    async def explain(self, auth: Authenticated, pool_id: PoolId) -> Allow | Deny | NoSuchPool:
        return self._decide(pool_id) if pool_id in {pool.id for pool in self.pools} else NoSuchPool()

    async def open(self, auth: Authenticated, pool_id: PoolId) -> OpenOutcome:
        pool = next((one for one in self.pools if one.id == pool_id), None)
        if pool is None:
            return NoSuchPool()
        if pool_id in self.denied:
            return OpenDenied(self.denied[pool_id], ())
        return Opened(self.live.setdefault(pool_id, make_session(pool, auth.user, SessionState.REQUESTED)))

    async def issue_ticket(self, auth: Authenticated, session_id: SessionId) -> TicketOutcome:
        self.asked.append(f"ticket {session_id}")
        if session_id in self.over:
            return SessionOver(self.over[session_id])
        session = self._own(auth, session_id)
        if session is None:
            return NoSuchSession()
        if self.waits > 0:
            self.waits -= 1
            return Preparing(state=SessionState.QUEUED, position=self.waits + 1, waiting_since=NOW)
        return TicketIssued(ticket=new_token(), expires_at=NOW + timedelta(seconds=30), takes_over=False)

    async def disconnect(self, auth: Authenticated, session_id: SessionId) -> Disconnected | NoSuchSession:
        self.asked.append(f"disconnect {session_id}")
        return Disconnected(session_id) if self._own(auth, session_id) else NoSuchSession()

    async def log_off(self, auth: Authenticated, session_id: SessionId) -> Ended | NoSuchSession:
        self.asked.append(f"logoff {session_id}")
        session = self._own(auth, session_id)
        if session is None:
            return NoSuchSession()
        del self.live[session.pool_id]
        return Ended(session_id=session_id, work_goes_on_until_limit=session.pool_id == POOLS[2][0].id)

    async def list_live(self, actor: Actor) -> list[LiveSession] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_SESSIONS) or list(self.others)

    async def terminate(self, actor: Actor, session_id: SessionId, note: str) -> Ended | NoSuchSession | NotAllowed:
        refusal = refuse_action(actor.roles, Action.TERMINATE_SESSION)
        if refusal is not None:
            return refusal
        if session_id not in {row.session.id for row in self.others}:
            return NoSuchSession()
        self.asked.append(f"terminate {session_id} by {actor.name}: {note}")
        self.others = [row for row in self.others if row.session.id != session_id]
        return Ended(session_id=session_id, work_goes_on_until_limit=False)
