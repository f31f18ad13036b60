"""Throttles, sign-ins in progress, second factors, signed-in browsers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from broker.model.enrolment import TotpEnrolment
from broker.model.ids import DeviceId, TenantId, UserId
from broker.model.records import PendingSignin, WebSession
from broker.model.throttle import Throttle
from broker.store import signin_statements as sql
from broker.store.schema.passkeys import PASSKEY, PASSKEY_CHALLENGE
from broker.store.schema.sessions import TICKET
from broker.store.schema.signin import (
    ENROLMENT_CODE,
    KNOWN_ADDRESS,
    PENDING_SIGNIN,
    RECOVERY_CODE,
    THROTTLE,
    TOTP_ENROLMENT,
    WEB_SESSION,
)
from broker.store.statements import Statements, columns_of

THROTTLE_MEMORY: Final = timedelta(days=1)
"""Failures older than this are forgotten, unless they block until later."""

TICKET_MEMORY: Final = timedelta(hours=1)
"""For so long a late or repeated ticket is told apart from one that never was."""


class SqlSignin:
    """Implements :class:`broker.ports.SigninTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def get_throttles(self, keys: Sequence[str], *, unheld: Sequence[str] = ()) -> dict[str, Throttle]:
        await self._db.hold(*sorted({f"throttle:{key}" for key in keys}))
        found = await self._db.fetch_all(Throttle, sql.GET_THROTTLES, {"keys": [*keys, *unheld]})
        return {throttle.key: throttle for throttle in found}

    async def list_throttles(self, tenant_id: TenantId, limit: int, *, login: str | None = None) -> list[Throttle]:
        waiting = THROTTLE.c.blocked_until > self._db.now
        chosen = waiting if login is None else func.lower(THROTTLE.c.login) == login.lower()
        theirs = select(THROTTLE).where(THROTTLE.c.tenant_id == tenant_id, chosen)
        newest = theirs.order_by(THROTTLE.c.blocked_until.desc().nulls_last(), THROTTLE.c.key).limit(limit)
        return await self._db.every(Throttle, newest)

    async def put_throttle(self, throttle: Throttle) -> None:
        await self._db.change(sql.PUT_THROTTLE, columns_of(throttle))

    async def clear_throttle(self, key: str) -> None:
        await self._db.change(sql.CLEAR_THROTTLE, {"key": key})

    async def add_pending(self, pending: PendingSignin) -> None:
        await self._db.change(sql.ADD_PENDING, columns_of(pending))

    async def get_pending(self, token_hash: bytes) -> PendingSignin | None:
        """In a writing transaction the row stays locked, so that every wrong code is counted."""
        found = sql.HOLD_PENDING if self._db.is_writing else sql.GET_PENDING
        return await self._db.first(PendingSignin, found, {"token_hash": token_hash})

    async def update_pending(self, pending: PendingSignin) -> None:
        mine = PENDING_SIGNIN.c.token_hash == pending.token_hash
        await self._db.run(update(PENDING_SIGNIN).where(mine).values(**columns_of(pending, without=["token_hash"])))

    async def consume_pending(self, token_hash: bytes) -> bool:
        return await self._db.change(sql.REMOVE_PENDING, {"token_hash": token_hash}) == 1

    async def get_enrolment(self, tenant_id: TenantId, user_id: UserId) -> TotpEnrolment | None:
        mine = {"tenant_id": tenant_id, "user_id": user_id}
        return await self._db.first(TotpEnrolment, sql.GET_ENROLMENT, mine)

    async def add_enrolment(self, enrolment: TotpEnrolment, recovery_hashes: Sequence[bytes]) -> bool:
        if not await self._db.add_if_new(TOTP_ENROLMENT, columns_of(enrolment)):
            return False
        key = {"tenant_id": enrolment.tenant_id, "user_id": enrolment.user_id}
        for code_hash in recovery_hashes:
            await self._db.add(RECOVERY_CODE, {**key, "code_hash": code_hash})
        return True

    async def remove_enrolment(self, tenant_id: TenantId, user_id: UserId) -> bool:
        codes = delete(RECOVERY_CODE).where(RECOVERY_CODE.c.tenant_id == tenant_id, RECOVERY_CODE.c.user_id == user_id)
        await self._db.run(codes)
        keys = delete(PASSKEY).where(PASSKEY.c.tenant_id == tenant_id, PASSKEY.c.user_id == user_id)
        mine = (TOTP_ENROLMENT.c.tenant_id == tenant_id, TOTP_ENROLMENT.c.user_id == user_id)
        return await self._db.touched(delete(TOTP_ENROLMENT).where(*mine)) + await self._db.touched(keys) > 0

    async def advance_totp_step(self, tenant_id: TenantId, user_id: UserId, step: int) -> bool:
        mine = {"tenant_id": tenant_id, "user_id": user_id}
        return await self._db.change(sql.ADVANCE_STEP, {**mine, "step": step}) == 1

    async def use_recovery_code(self, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
        codes = RECOVERY_CODE.c
        unused = (codes.tenant_id == tenant_id, codes.user_id == user_id, codes.used_at.is_(None))
        used = update(RECOVERY_CODE).where(*unused, codes.code_hash == code_hash).values(used_at=self._db.now)
        return await self._db.touched(used) == 1

    async def put_enrolment_code(
        self, tenant_id: TenantId, user_id: UserId, code_hash: bytes, expires_at: datetime
    ) -> None:
        values = {"tenant_id": tenant_id, "user_id": user_id, "code_hash": code_hash, "expires_at": expires_at}
        await self._db.put(ENROLMENT_CODE, ["tenant_id", "user_id"], values)

    async def use_enrolment_code(self, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
        this = delete(ENROLMENT_CODE).where(*_code_of(tenant_id, user_id), ENROLMENT_CODE.c.code_hash == code_hash)
        return await self._db.touched(this.where(ENROLMENT_CODE.c.expires_at > self._db.now)) == 1

    async def remove_enrolment_code(self, tenant_id: TenantId, user_id: UserId) -> None:
        await self._db.run(delete(ENROLMENT_CODE).where(*_code_of(tenant_id, user_id)))

    async def enrolment_code_until(self, tenant_id: TenantId, user_id: UserId) -> datetime | None:
        found = select(ENROLMENT_CODE.c.expires_at).where(*_code_of(tenant_id, user_id))
        until: datetime | None = (await self._db.run(found.where(ENROLMENT_CODE.c.expires_at > self._db.now))).scalar()
        return until

    async def count_recovery_codes(self, tenant_id: TenantId, user_id: UserId) -> int:
        codes = RECOVERY_CODE.c
        unused = (codes.tenant_id == tenant_id, codes.user_id == user_id, codes.used_at.is_(None))
        return await self._db.number(select(func.count()).select_from(RECOVERY_CODE).where(*unused))

    async def add_web_session(self, session: WebSession) -> None:
        await self._db.change(sql.ADD_WEB_SESSION, columns_of(session))

    async def get_web_session(self, token_hash: bytes) -> WebSession | None:
        return await self._db.first(WebSession, sql.GET_WEB_SESSION, {"token_hash": token_hash})

    async def touch_web_session(self, token_hash: bytes, seen_at: datetime) -> None:
        mine = WEB_SESSION.c.token_hash == token_hash
        await self._db.run(update(WEB_SESSION).where(mine).values(seen_at=seen_at))

    async def mark_stepped_up(self, token_hash: bytes, factor: str, *, before: datetime | None) -> bool:
        mine = (WEB_SESSION.c.token_hash == token_hash, WEB_SESSION.c.factor_at.is_not_distinct_from(before))
        shown = update(WEB_SESSION).where(*mine).values(factor=factor, factor_at=self._db.now)
        return await self._db.touched(shown) == 1

    async def list_web_sessions_of(self, tenant_id: TenantId, user_id: UserId) -> list[WebSession]:
        theirs = (WEB_SESSION.c.tenant_id == tenant_id, WEB_SESSION.c.user_id == user_id)
        return await self._db.every(
            WebSession, select(WEB_SESSION).where(*theirs).order_by(WEB_SESSION.c.seen_at.desc())
        )

    async def remove_web_session(self, token_hash: bytes) -> bool:
        return await self._db.change(sql.REMOVE_WEB_SESSION, {"token_hash": token_hash}) == 1

    async def remove_web_sessions_of(
        self, tenant_id: TenantId, user_id: UserId, *, besides: bytes | None = None
    ) -> int:
        theirs = delete(WEB_SESSION).where(WEB_SESSION.c.tenant_id == tenant_id, WEB_SESSION.c.user_id == user_id)
        others = theirs if besides is None else theirs.where(WEB_SESSION.c.token_hash != besides)
        return await self._db.touched(others)

    async def note_password_end(self, token_hash: bytes, ends_at: datetime | None) -> None:
        mine = WEB_SESSION.c.token_hash == token_hash
        await self._db.run(update(WEB_SESSION).where(mine).values(password_ends_at=ends_at))

    async def remove_web_sessions_at(self, tenant_id: TenantId, device_id: DeviceId) -> int:
        bound = (WEB_SESSION.c.tenant_id == tenant_id, WEB_SESSION.c.device_id == device_id)
        return await self._db.touched(delete(WEB_SESSION).where(*bound))

    async def is_known_address(self, account: str, address_hash: bytes, *, since: datetime) -> bool:
        this = {"account": account, "address_hash": address_hash, "since": since}
        return bool(await self._db.fetch(sql.IS_KNOWN, this))

    async def remember_address(self, account: str, address_hash: bytes, *, max_kept: int) -> None:
        this = {"account": account, "address_hash": address_hash, "seen_at": self._db.now}
        await self._db.change(sql.PUT_KNOWN, this)
        await self._db.change(sql.FORGET_OLDEST, {"account": account, "max_kept": max_kept})

    async def purge_expired(self, *, idle_limit: timedelta, known_limit: timedelta) -> int:
        now = self._db.now
        idle = WEB_SESSION.c.seen_at <= now - idle_limit
        unblocked = or_(THROTTLE.c.blocked_until.is_(None), THROTTLE.c.blocked_until <= now)
        expired = (
            delete(PENDING_SIGNIN).where(PENDING_SIGNIN.c.expires_at <= now),
            delete(WEB_SESSION).where(or_(WEB_SESSION.c.expires_at <= now, idle)),
            delete(THROTTLE).where(THROTTLE.c.first_failed_at <= now - THROTTLE_MEMORY, unblocked),
            delete(KNOWN_ADDRESS).where(KNOWN_ADDRESS.c.seen_at <= now - known_limit),
            delete(PASSKEY_CHALLENGE).where(PASSKEY_CHALLENGE.c.expires_at <= now),
            delete(TICKET).where(TICKET.c.expires_at <= now - TICKET_MEMORY),
        )
        return sum([await self._db.touched(statement) for statement in expired])


def _code_of(tenant_id: TenantId, user_id: UserId) -> tuple[ColumnElement[bool], ...]:
    return (ENROLMENT_CODE.c.tenant_id == tenant_id, ENROLMENT_CODE.c.user_id == user_id)
