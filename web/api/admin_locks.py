"""Operations of the console on waits at sign-in and blocked addresses."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from aiohttp import web

from broker.model.throttle import Throttle
from broker.people.locks import MAX_LIFTED, BlockOrder, Lifted, LockRefused, NoSuchLock
from broker.people.records import ReasonMissing
from broker.policy.administration import NotAllowed
from web.api.admin_policy import refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import ReasonText
from web.api.operation import Audience, Failure, Operation
from web.problems import Problem
from web.visitor import actor_of, services_of


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """``scope``: what is counted together (``pair``, ``addr``, ``acct``, ``tent``, ``brow``, ``devi``), or ``blok``
    for an address that the desk has blocked."""

    key: str
    scope: str
    login: str
    address: str
    entrances: list[str]
    attempts: int
    until: datetime | None
    reason: str
    set_by: str


class Locks(msgspec.Struct, frozen=True):
    locks: list[Lock]


class LiftOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_LIFTED)]
    reason: ReasonText


class LiftedCount(msgspec.Struct, frozen=True):
    count: int


def _lock_of(throttle: Throttle) -> Lock:
    return Lock(
        key=throttle.key,
        scope=throttle.scope,
        login=throttle.login,
        address=throttle.address,
        entrances=sorted(throttle.entrances),
        attempts=throttle.failures,
        until=throttle.blocked_until,
        reason=throttle.reason,
        set_by=throttle.set_by,
    )


async def list_locks(request: web.Request, _body: None) -> Locks | Failure:
    found = await services_of(request).locks.list_all(actor_of(request))
    return NOT_ALLOWED if isinstance(found, NotAllowed) else Locks([_lock_of(throttle) for throttle in found])


async def lift_locks(request: web.Request, body: LiftOrder) -> LiftedCount | Failure:
    match await services_of(request).locks.lift(actor_of(request), body.keys, body.reason):
        case Lifted(count):
            return LiftedCount(count)
        case NoSuchLock():
            return refused("no_such_lock", "keys: none of them is a wait or a block of this tenant now")
        case ReasonMissing():
            return Failure(problem=Problem.BAD_REQUEST)
        case NotAllowed():
            return NOT_ALLOWED


async def block_address(request: web.Request, body: BlockOrder) -> Lock | Failure:
    match await services_of(request).locks.block(actor_of(request), body):
        case Throttle() as block:
            return _lock_of(block)
        case LockRefused(refusal, why):
            return refused(refusal.value, why)
        case ReasonMissing():
            return refused("reason_missing", "reason: is empty; it goes into the audit")
        case NotAllowed():
            return NOT_ALLOWED


_CONSOLE: Final = Audience.CONSOLE
LOCK_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/locks",
        summary="Waits at sign-in and blocked addresses that are on now, the longest first",
        audience=_CONSOLE,
        handler=list_locks,
        response=Locks,
    ),
    Operation(
        method="POST",
        path="/admin/locks/lift",
        summary="Lift waits and blocks",
        audience=_CONSOLE,
        handler=lift_locks,
        request=LiftOrder,
        response=LiftedCount,
    ),
    Operation(
        method="POST",
        path="/admin/locks/address",
        summary="Let nobody sign in from an address for a time",
        audience=_CONSOLE,
        handler=block_address,
        request=BlockOrder,
        response=Lock,
    ),
)
