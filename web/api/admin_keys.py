"""Operations on the sealing keys of the site."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.model.sealing import SealedKind
from broker.policy.administration import NotAllowed
from broker.sealing.records import KeyStatus, RetireRefused, Stage
from web.api.admin_policy import refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.operation import Audience, Failure, Operation
from web.key_words import REFUSALS
from web.visitor import actor_of, services_of


class SealingKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """``sealed``: how many stored values only this key opens, by kind."""

    id: str
    is_in_use: bool
    sealed: dict[SealedKind, int]


class KeyBroker(msgspec.Struct, frozen=True, kw_only=True):
    """A running broker, by host and process: what it can open, and what it seals by."""

    label: str
    keys: list[str]
    seals_by: str
    seen_at: datetime


class SealingKeys(msgspec.Struct, frozen=True, kw_only=True):
    """``left``: values that are not sealed by the newest key yet."""

    stage: Stage
    keys: list[SealingKeyRow]
    brokers: list[KeyBroker]
    waits_for: list[str]
    left: int
    promoted_at: datetime | None


class RotateKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``begins``: make a new key when no rotation is under way."""

    begins: bool = False


class RetireKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str


def _describe(status: KeyStatus) -> SealingKeys:
    brokers = [
        KeyBroker(label=each.label, keys=list(each.keys), seals_by=each.seals_by, seen_at=each.seen_at)
        for each in status.brokers
    ]
    return SealingKeys(
        stage=status.stage,
        keys=[SealingKeyRow(id=row.id, is_in_use=row.is_in_use, sealed=row.sealed) for row in status.keys],
        brokers=brokers,
        waits_for=list(status.waits_for),
        left=status.left,
        promoted_at=status.promoted_at,
    )


async def show_keys(request: web.Request, _body: None) -> SealingKeys | Failure:
    status = await services_of(request).keys.status(actor_of(request))
    return NOT_ALLOWED if isinstance(status, NotAllowed) else _describe(status)


async def rotate_keys(request: web.Request, body: RotateKeys) -> SealingKeys | Failure:
    status = await services_of(request).keys.rotate(actor_of(request), begins=body.begins)
    return NOT_ALLOWED if isinstance(status, NotAllowed) else _describe(status)


async def retire_key(request: web.Request, body: RetireKey) -> SealingKeys | Failure:
    match await services_of(request).keys.retire(actor_of(request), body.key):
        case KeyStatus() as status:
            return _describe(status)
        case RetireRefused(why):
            return refused(why.value, REFUSALS[why])
        case NotAllowed():
            return NOT_ALLOWED


KEY_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/keys",
        summary="Sealing keys: what each has sealed, and which brokers hold it",
        audience=Audience.CONSOLE,
        handler=show_keys,
        response=SealingKeys,
    ),
    Operation(
        method="POST",
        path="/admin/keys/rotate",
        summary="One step towards a new sealing key; repeat until the stage is at_rest",
        audience=Audience.CONSOLE,
        handler=rotate_keys,
        request=RotateKeys,
        response=SealingKeys,
    ),
    Operation(
        method="POST",
        path="/admin/keys/retire",
        summary="Take a sealing key out of the broker's file once nothing needs it any more",
        audience=Audience.CONSOLE,
        handler=retire_key,
        request=RetireKey,
        response=SealingKeys,
    ),
)
