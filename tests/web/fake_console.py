"""Fakes of what the console stands on: pools, people, audit."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.model.actor import Actor
from broker.model.ids import DesktopId, PoolId, SessionId, UserId
from broker.model.kinds import Origin
from broker.model.records import AuditRecord, User
from broker.people.records import NoSuchPerson, PersonDetails, PreviousSignin
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.pool.records import (
    DesktopChanged,
    DesktopMoved,
    DesktopRow,
    NoSuchDesktop,
    NoSuchPool,
    PoolChanged,
    PoolSummary,
)
from broker.ports import AuditQuery
from broker.ports.naming import Names, PersonName, SessionName
from broker.secret import Secret
from broker.signin.records import (
    Authenticated,
)
from tests.web.fake_signin import PlainSignin
from tests.web.people import (
    NOW,
    POOLS,
    STAFF,
    make_desktop,
    make_record,
)
from web.context import ChangeOutcome


class ShelfOfPools:
    """The pools as the console sees them."""

    def __init__(self) -> None:
        self.pools = {pool.id: pool for pool, _zone in POOLS}
        first = POOLS[0][0]
        self.rows = [
            DesktopRow(desktop=make_desktop(first, 1, DesktopState.IN_USE), assignment=None, user=STAFF),
            DesktopRow(desktop=make_desktop(first, 2, DesktopState.READY), assignment=None, user=None),
            DesktopRow(
                desktop=make_desktop(first, 3, DesktopState.FAULTY, "起動から60秒以内に応答がありません"),
                assignment=None,
                user=None,
            ),
        ]
        self.asked: list[str] = []

    async def summaries(self, actor: Actor) -> list[PoolSummary] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_POOLS) or [
            PoolSummary(
                pool=pool,
                kind=pool.kind,
                counts={"ready": 1, "in_use": 1, "faulty": 1} if pool.provider == "local" else {"ready": 1},
                queued=2 if pool.provider == "local" else 0,
                live_sessions=3,
                connected=2,
                disconnected=1,
                provider_fault=None if pool.provider == "local" else "192.0.2.50 に接続できません",
            )
            for pool in self.pools.values()
        ]

    async def desktops(self, actor: Actor, pool_id: PoolId) -> list[DesktopRow] | NoSuchPool | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_POOLS)
        if refusal is not None:
            return refusal
        if pool_id not in self.pools:
            return NoSuchPool()
        return [row for row in self.rows if row.desktop.pool_id == pool_id]

    async def set_open(
        self, actor: Actor, pool_id: PoolId, is_open: bool, reason: str
    ) -> PoolChanged | NoSuchPool | NotAllowed:
        refusal = refuse_action(actor.roles, Action.CHANGE_POOLS)
        if refusal is not None:
            return refusal
        if pool_id not in self.pools:
            return NoSuchPool()
        self.asked.append(f"{'open' if is_open else 'close'} {pool_id} by {actor.name}: {reason}")
        self.pools[pool_id] = msgspec.structs.replace(self.pools[pool_id], is_open=is_open)
        return PoolChanged(self.pools[pool_id])

    async def repair(
        self, actor: Actor, desktop_id: DesktopId
    ) -> DesktopChanged | DesktopMoved | NoSuchDesktop | NotAllowed:
        refusal = refuse_action(actor.roles, Action.CHANGE_POOLS)
        if refusal is not None:
            return refusal
        row = next((one for one in self.rows if one.desktop.id == desktop_id), None)
        if row is None:
            return NoSuchDesktop()
        if row.desktop.state is not DesktopState.FAULTY:
            return DesktopMoved(row.desktop.state)
        self.asked.append(f"repair {desktop_id}")
        return DesktopChanged(row.desktop)


class HelpfulPeople:
    """People; what was done to them is remembered."""

    def __init__(self, signin: PlainSignin) -> None:
        self.signin = signin
        self.done: list[str] = []
        self.previous: PreviousSignin | None = PreviousSignin(
            at=NOW - timedelta(days=3), origin=Origin.OFFICE, address="192.0.2.99"
        )

    async def sign_out(self, token: Secret) -> Authenticated | None:
        return self.signin.signed_in.pop(token.reveal(), None)

    async def sign_out_everywhere(self, auth: Authenticated) -> int:
        mine = [key for key, one in self.signin.signed_in.items() if one.user.id == auth.user.id]
        for key in mine:
            del self.signin.signed_in[key]
        return len(mine)

    async def previous_signin(self, auth: Authenticated) -> PreviousSignin | None:
        return self.previous

    async def search(self, actor: Actor, text: str) -> list[User] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_PEOPLE) or [
            user for user in self.signin.users.values() if text in user.display_name or text in user.login
        ]

    def _find(self, user_id: UserId) -> User | None:
        return next((user for user in self.signin.users.values() if user.id == user_id), None)

    async def details(self, actor: Actor, user_id: UserId) -> PersonDetails | NoSuchPerson | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_PEOPLE)
        if refusal is not None:
            return refusal
        user = self._find(user_id)
        if user is None:
            return NoSuchPerson()
        recent = (make_record(2, "signin.succeeded"), make_record(1, "signin.refused", cause="wrong_code"))
        return PersonDetails(user=user, recovery_codes_left=9, recent=recent)

    async def _change(self, measure: str, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        refusal = refuse_action(actor.roles, Action.CHANGE_PEOPLE)
        if refusal is not None:
            return refusal
        user = self._find(user_id)
        if user is None:
            return NoSuchPerson()
        self.done.append(f"{measure} {user.login} by {actor.name}: {reason}")
        return user

    async def lock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("lock", actor, user_id, reason)

    async def unlock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("unlock", actor, user_id, reason)

    async def end_signins(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("end_signins", actor, user_id, reason)


class WrittenAudit:
    """Records, newest first; the last query is kept."""

    def __init__(self) -> None:
        events = ("signin.succeeded", "session.opened", "policy.denied", "session.first_frame_drawn")
        self.records = [make_record(number, events[number % 4], pool="lgwan-std") for number in range(120, 0, -1)]
        self.queries: list[AuditQuery] = []
        self.exported: list[tuple[str, str, int]] = []
        self.people: list[User] = [STAFF]

    async def search(self, actor: Actor, query: AuditQuery) -> list[AuditRecord] | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is not None:
            return refusal
        self.queries.append(query)
        before = query.before_id if query.before_id is not None else 1 << 62
        found = [one for one in self.records if one.id < before and one.event.startswith(query.event_prefix)]
        return found[: query.limit]

    async def names_in(self, actor: Actor, records: Sequence[AuditRecord]) -> Names | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is not None:
            return refusal
        known = [PersonName(id=one.id, login=one.login, display_name=one.display_name) for one in self.people]
        session = SessionName(id=SessionId("s-1"), user_id=STAFF.id, pool_id=POOLS[0][0].id)
        return Names(
            users={one.id: one for one in known},
            logins={one.login: one for one in known},
            pools={pool.id: pool for pool, _zone in POOLS},
            sessions={session.id: session},
        )

    async def note_export(self, actor: Actor, query: AuditQuery, records: int) -> NotAllowed | None:
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is None:
            self.exported.append((actor.name, query.text, records))
        return refusal
