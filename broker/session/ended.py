"""What has become of somebody's work while they were away."""

from datetime import timedelta
from typing import Final

from broker.model.reasons import EndReason
from broker.session.context import SessionContext
from broker.session.records import EndedForPerson
from broker.signin.records import Authenticated

TOLD_FOR: Final = timedelta(hours=24)
_LOOKED_THROUGH: Final = 50

BY_OTHERS: Final = frozenset(
    {
        EndReason.TERMINATED,
        EndReason.IDLE_LIMIT,
        EndReason.ABSOLUTE_LIMIT,
        EndReason.HOURS_ENDED,
        EndReason.DISCONNECT_LIMIT,
        EndReason.DESKTOP_LOST,
        EndReason.ENTITLEMENT_LOST,
        EndReason.ACCOUNT_LOCKED,
        EndReason.APPROVAL_ENDED,
        EndReason.DEVICE_REFUSED,
        EndReason.MODE_CHANGED,
        EndReason.POLICY_CHANGED,
    }
)
"""Ends that a person may not have seen, and that took work along. One's own log-off is none."""


async def ended_lately(context: SessionContext, auth: Authenticated) -> list[EndedForPerson]:
    """The ends of the last :data:`TOLD_FOR` by the database's clock, newest first."""
    user = auth.user
    async with context.store.read() as tx:
        since = tx.now - TOLD_FOR
        pools = {pool.id: pool for pool in await tx.pools.list_pools(user.tenant_id)}
        sessions = await tx.sessions.list_sessions(
            user.tenant_id, live_only=False, user_id=user.id, limit=_LOOKED_THROUGH
        )
    ended = [
        EndedForPerson(pool=pools[session.pool_id], reason=session.end_reason, ended_at=session.ended_at)
        for session in sessions
        if session.end_reason is not None and session.end_reason in BY_OTHERS
        if session.ended_at is not None and session.ended_at >= since
    ]
    return sorted(ended, key=lambda end: end.ended_at, reverse=True)
