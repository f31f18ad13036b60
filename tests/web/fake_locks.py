"""Locks of a small city, and what was done to them."""

from collections.abc import Sequence
from datetime import timedelta

from broker.model.actor import Actor
from broker.model.throttle import Scope, Throttle
from broker.people.locks import BlockOrder, Lifted, LockRefusal, LockRefused, NoSuchLock
from broker.people.records import ReasonMissing
from broker.policy.administration import Action, NotAllowed, refuse_action
from tests.web.people import NOW, TENANT_ID


def make_lock(scope: Scope, login: str, address: str, **more: str) -> Throttle:
    return Throttle(
        key=f"{scope}:{login}@{address}",
        failures=7,
        first_failed_at=NOW,
        blocked_until=NOW + timedelta(minutes=2),
        tenant_id=TENANT_ID,
        scope=scope,
        login=login,
        address=address,
        entrances=frozenset({"portal"}),
        reason=more.get("reason", ""),
        set_by=more.get("set_by", ""),
    )


class ListedLocks:
    def __init__(self) -> None:
        self.locks = [
            make_lock(Scope.PAIR, "p1001", "192.0.2.10"),
            make_lock(Scope.ACCOUNT, "p1001", "198.51.100.7"),
            make_lock(Scope.BLOCK, "", "203.0.113.0/24", reason="不審なアクセス", set_by="user:u-p9001"),
        ]
        self.done: list[str] = []

    async def list_all(self, actor: Actor) -> list[Throttle] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_PEOPLE) or self.locks

    async def lift(
        self, actor: Actor, keys: Sequence[str], reason: str
    ) -> Lifted | NoSuchLock | ReasonMissing | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        if not reason.strip():
            return ReasonMissing()
        count = len([lock for lock in self.locks if lock.key in keys])
        self.locks = [lock for lock in self.locks if lock.key not in keys]
        self.done.append(f"lift {count}: {reason}")
        return Lifted(count) if count else NoSuchLock()

    async def block(self, actor: Actor, order: BlockOrder) -> Throttle | LockRefused | ReasonMissing | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        if not order.reason.strip():
            return ReasonMissing()
        if "/" not in order.address and "." not in order.address:
            return LockRefused(LockRefusal.ADDRESS_INVALID, "address: none")
        self.done.append(f"block {order.address} {order.minutes}: {order.reason}")
        return make_lock(Scope.BLOCK, "", order.address, reason=order.reason)
