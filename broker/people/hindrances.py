"""What is in the way of somebody's sign-in, from rows and the audit. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from broker.model.devices import Device
from broker.model.kinds import Mode
from broker.model.records import AuditRecord, Tenant, User
from broker.model.throttle import Scope, Throttle

MAX_TOLD: Final = 12
_ATTEMPT_S: Final = 900
"""For so long after its password step the refusal of a sign-in belongs to it."""


class SigninKind(StrEnum):
    SIGNED_IN = "signed_in"
    REFUSED = "refused"
    THROTTLED = "throttled"
    DIRECTORY_SILENT = "directory_silent"
    POOL_REFUSED = "pool_refused"
    SIGNED_OUT = "signed_out"
    """By the broker: another entrance, a device that is missing or revoked, idleness."""


class SigninTold(msgspec.Struct, frozen=True, kw_only=True):
    """One line. ``cause``: of :class:`broker.model.reasons.SigninRefusal`, ``DenyReason`` or ``SignedOutCause``."""

    at: datetime
    kind: SigninKind
    cause: str
    address: str
    origin: str
    entrance: str
    device_id: str
    factor: str
    record_id: int


class HindranceKind(StrEnum):
    LOCKED = "locked"
    LEFT = "left"
    ADDRESS_BLOCKED = "address_blocked"
    WAITS = "waits"
    NOT_ENROLLED = "not_enrolled"
    DEVICE_REVOKED = "device_revoked"
    DEVICE_EXPIRED = "device_expired"
    MODE = "mode"
    LAST_REFUSED = "last_refused"


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """``what``: a cause, the name of a device, or a mode. ``until``: when it ends by itself."""

    kind: HindranceKind
    what: str = ""
    until: datetime | None = None


def find_hindrances(
    user: User,
    tenant: Tenant,
    throttles: Sequence[Throttle],
    devices: Sequence[Device],
    records: Sequence[AuditRecord],
    now: datetime,
) -> tuple[Hindrance, ...]:
    """What holds now, the hardest first; last what the last attempt was refused for."""
    found: list[Hindrance] = []
    if user.is_locked:
        found.append(Hindrance(kind=HindranceKind.LOCKED))
    if user.left_at is not None:
        found.append(Hindrance(kind=HindranceKind.LEFT, what=_cause_of_leaving(records)))
    found += _waits(throttles, now)
    if not user.is_enrolled:
        found.append(Hindrance(kind=HindranceKind.NOT_ENROLLED))
    for device in devices:
        if device.revoked_at is not None:
            found.append(Hindrance(kind=HindranceKind.DEVICE_REVOKED, what=device.name))
        elif device.expires_at <= now:
            found.append(Hindrance(kind=HindranceKind.DEVICE_EXPIRED, what=device.name))
    if tenant.mode is not Mode.NORMAL and not tenant.mode_is_drill and _is_on(tenant.mode_until, now):
        found.append(Hindrance(kind=HindranceKind.MODE, what=tenant.mode.value, until=tenant.mode_until))
    told = tell_signins(records)
    if told and told[0].kind in {SigninKind.REFUSED, SigninKind.DIRECTORY_SILENT}:
        found.append(Hindrance(kind=HindranceKind.LAST_REFUSED, what=told[0].cause))
    return tuple(found)


def tell_signins(records: Sequence[AuditRecord]) -> tuple[SigninTold, ...]:
    """The last attempts and what came of them, newest first. An attempt that was refused at its password step is
    refused once more, for the same cause, at its code step: that is one line."""
    told: list[SigninTold] = []
    for record in records:
        kind = _kind_of(record)
        if kind is None or (kind is SigninKind.REFUSED and told and _is_same_attempt(told[-1], record)):
            continue
        told.append(_line_of(record, kind))
    return tuple(told[:MAX_TOLD])


def _is_same_attempt(later: SigninTold, record: AuditRecord) -> bool:
    is_step_before = record.event == "signin.password_checked" and later.kind is SigninKind.REFUSED
    is_same = later.cause == record.detail.get("cause") and later.address == record.address
    return is_step_before and is_same and (later.at - record.at).total_seconds() <= _ATTEMPT_S


def _kind_of(record: AuditRecord) -> SigninKind | None:
    match record.event, record.outcome:
        case "signin.succeeded", _:
            return SigninKind.SIGNED_IN
        case ("signin.refused", _) | ("signin.password_checked", "refused"):
            return SigninKind.REFUSED
        case "signin.password_checked", "directory_unavailable":
            return SigninKind.DIRECTORY_SILENT
        case "signin.throttled", _:
            return SigninKind.THROTTLED
        case "policy.denied", _:
            return SigninKind.POOL_REFUSED
        case "websession.ended", _ if record.detail.get("reason") not in {"signed_out", "signed_out_everywhere"}:
            return SigninKind.SIGNED_OUT
        case _:
            return None


def _line_of(record: AuditRecord, kind: SigninKind) -> SigninTold:
    detail = record.detail
    cause = record.outcome if kind is SigninKind.POOL_REFUSED else detail.get("cause", detail.get("reason", ""))
    return SigninTold(
        at=record.at,
        kind=kind,
        cause=cause,
        address=record.address,
        origin=detail.get("origin", ""),
        entrance=detail.get("entrance", ""),
        device_id=detail.get("device", ""),
        factor=detail.get("factor", ""),
        record_id=record.id,
    )


def _waits(throttles: Sequence[Throttle], now: datetime) -> list[Hindrance]:
    """One line for all: the longest, and where it binds."""
    on = [it for it in throttles if it.blocked_until is not None and it.blocked_until > now]
    if not on:
        return []
    longest = max(on, key=lambda it: it.blocked_until or now)
    kind = HindranceKind.ADDRESS_BLOCKED if longest.scope == Scope.BLOCK else HindranceKind.WAITS
    return [Hindrance(kind=kind, what=longest.scope, until=longest.blocked_until)]


def _cause_of_leaving(records: Sequence[AuditRecord]) -> str:
    return next((record.detail.get("cause", "") for record in records if record.event == "user.left"), "")


def _is_on(until: datetime | None, now: datetime) -> bool:
    return until is None or until > now
