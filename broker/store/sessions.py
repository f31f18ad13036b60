"""Assignments, sessions and tickets."""

from datetime import datetime

from sqlalchemy import select, update

from broker.errors import StoreError
from broker.lifecycle.session import LIVE_STATES, SessionState
from broker.model.ids import DesktopId, PoolId, SessionId, TenantId, UserId
from broker.model.reasons import EndReason
from broker.model.records import Assignment, Session
from broker.model.ticket import Ticket
from broker.store.attachments import SqlAttachments
from broker.store.schema.sessions import ASSIGNMENT, SESSION, TICKET
from broker.store.statements import columns_of

_LIVE = SESSION.c.state.in_(sorted(LIVE_STATES))
_HELD = ASSIGNMENT.c.released_at.is_(None)


class SqlSessions(SqlAttachments):
    """Implements :class:`broker.ports.SessionTx`."""

    async def get_assignment_of(self, tenant_id: TenantId, pool_id: PoolId, user_id: UserId) -> Assignment | None:
        column = ASSIGNMENT.c
        theirs = (column.tenant_id == tenant_id, column.pool_id == pool_id, column.user_id == user_id)
        return await self._db.one(Assignment, select(ASSIGNMENT).where(*theirs, _HELD))

    async def get_assignment_on(self, tenant_id: TenantId, desktop_id: DesktopId) -> Assignment | None:
        """The one on the lowest seat that is taken."""
        on_it = (ASSIGNMENT.c.tenant_id == tenant_id, ASSIGNMENT.c.desktop_id == desktop_id)
        taken = select(ASSIGNMENT).where(*on_it, _HELD).order_by(ASSIGNMENT.c.seat)
        return await self._db.one(Assignment, taken.limit(1))

    async def add_assignment(self, assignment: Assignment) -> bool:
        return await self._db.add_if_new(ASSIGNMENT, columns_of(assignment))

    async def release_assignment(self, assignment: Assignment, reason: EndReason) -> bool:
        mine = (ASSIGNMENT.c.tenant_id == assignment.tenant_id, ASSIGNMENT.c.id == assignment.id, _HELD)
        released = update(ASSIGNMENT).where(*mine).values(released_at=self._db.now, release_reason=reason)
        return await self._db.touched(released) == 1

    async def list_assignments(self, tenant_id: TenantId, pool_id: PoolId | None = None) -> list[Assignment]:
        """The unreleased ones, oldest first."""
        held = select(ASSIGNMENT).where(ASSIGNMENT.c.tenant_id == tenant_id, _HELD)
        if pool_id is not None:
            held = held.where(ASSIGNMENT.c.pool_id == pool_id)
        return await self._db.every(Assignment, held.order_by(ASSIGNMENT.c.created_at, ASSIGNMENT.c.id))

    async def get_session(self, tenant_id: TenantId, session_id: SessionId) -> Session | None:
        mine = (SESSION.c.tenant_id == tenant_id, SESSION.c.id == session_id)
        return await self._db.one(Session, select(SESSION).where(*mine))

    async def get_live_session_of(self, tenant_id: TenantId, pool_id: PoolId, user_id: UserId) -> Session | None:
        theirs = (SESSION.c.tenant_id == tenant_id, SESSION.c.pool_id == pool_id, SESSION.c.user_id == user_id)
        return await self._db.one(Session, select(SESSION).where(*theirs, _LIVE))

    async def get_live_session_on(self, tenant_id: TenantId, desktop_id: DesktopId) -> Session | None:
        on_it = (SESSION.c.tenant_id == tenant_id, SESSION.c.desktop_id == desktop_id)
        newest = select(SESSION).where(*on_it, _LIVE).order_by(SESSION.c.created_at.desc()).limit(1)
        return await self._db.one(Session, newest)

    async def list_sessions(
        self,
        tenant_id: TenantId,
        *,
        live_only: bool = True,
        user_id: UserId | None = None,
        pool_id: PoolId | None = None,
        since: datetime | None = None,
        limit: int = 500,
    ) -> list[Session]:
        theirs = select(SESSION).where(SESSION.c.tenant_id == tenant_id)
        if live_only:
            theirs = theirs.where(_LIVE)
        if user_id is not None:
            theirs = theirs.where(SESSION.c.user_id == user_id)
        if pool_id is not None:
            theirs = theirs.where(SESSION.c.pool_id == pool_id)
        if since is not None:
            theirs = theirs.where(SESSION.c.created_at >= since)
        newest = theirs.order_by(SESSION.c.created_at.desc(), SESSION.c.id.desc()).limit(limit)
        return await self._db.every(Session, newest)

    async def list_queue(self, tenant_id: TenantId, pool_id: PoolId) -> list[Session]:
        waiting = (
            SESSION.c.tenant_id == tenant_id,
            SESSION.c.pool_id == pool_id,
            SESSION.c.state == SessionState.QUEUED,
        )
        order = (SESSION.c.state_since, SESSION.c.created_at, SESSION.c.id)
        return await self._db.every(Session, select(SESSION).where(*waiting).order_by(*order))

    async def add_session(self, session: Session) -> bool:
        return await self._db.add_if_new(SESSION, columns_of(session))

    async def swap_session(self, before: Session, after: Session) -> Session | None:
        if (before.tenant_id, before.id) != (after.tenant_id, after.id):
            raise StoreError("a session can't be swapped for another one")
        unchanged = (
            SESSION.c.tenant_id == before.tenant_id,
            SESSION.c.id == before.id,
            SESSION.c.version == before.version,
        )
        values = columns_of(after, without=["tenant_id", "id"]) | {"version": before.version + 1}
        return await self._db.one(Session, update(SESSION).where(*unchanged).values(**values).returning(*SESSION.c))

    async def add_ticket(self, ticket: Ticket) -> None:
        await self._db.add(TICKET, columns_of(ticket))

    async def get_ticket(self, token_hash: bytes) -> Ticket | None:
        return await self._db.one(Ticket, select(TICKET).where(TICKET.c.token_hash == token_hash))

    async def redeem_ticket(self, token_hash: bytes) -> bool:
        good = (
            TICKET.c.token_hash == token_hash,
            TICKET.c.redeemed_at.is_(None),
            TICKET.c.expires_at > self._db.now,
        )
        return await self._db.touched(update(TICKET).where(*good).values(redeemed_at=self._db.now)) == 1
