"""A person's factors: passkeys with their challenges, a new app, new recovery codes, the notice of a change."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from broker.model.enrolment import TotpEnrolment
from broker.model.ids import TenantId, UserId
from broker.model.passkeys import ChallengePurpose, FactorNotice, Passkey, PasskeyChallenge
from broker.model.records import WebSession
from broker.store.schema.passkeys import FACTOR_NOTICE, PASSKEY, PASSKEY_CHALLENGE
from broker.store.schema.signin import RECOVERY_CODE, TOTP_ENROLMENT, WEB_SESSION
from broker.store.statements import Statements, columns_of


class SqlFactors:
    """Implements :class:`broker.ports.FactorTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def hold_factors(self, tenant_id: TenantId, user_id: UserId) -> None:
        await self._db.hold(f"factors:{tenant_id}:{user_id}")

    async def put_challenge(self, challenge: PasskeyChallenge) -> None:
        before = delete(PASSKEY_CHALLENGE).where(PASSKEY_CHALLENGE.c.bound_to == challenge.bound_to)
        await self._db.run(before)
        await self._db.add(PASSKEY_CHALLENGE, columns_of(challenge))

    async def take_challenge(self, challenge_hash: bytes, bound_to: bytes, purpose: ChallengePurpose) -> bool:
        column = PASSKEY_CHALLENGE.c
        this = (column.challenge_hash == challenge_hash, column.bound_to == bound_to, column.purpose == purpose)
        taken = delete(PASSKEY_CHALLENGE).where(*this, column.expires_at > self._db.now)
        return await self._db.touched(taken) == 1

    async def add_passkey(self, passkey: Passkey) -> bool:
        return await self._db.add_if_new(PASSKEY, columns_of(passkey))

    async def find_passkey(self, tenant_id: TenantId, credential_id: bytes) -> Passkey | None:
        this = (PASSKEY.c.tenant_id == tenant_id, PASSKEY.c.credential_id == credential_id)
        return await self._db.one(Passkey, select(PASSKEY).where(*this))

    async def list_passkeys(self, tenant_id: TenantId, user_id: UserId) -> list[Passkey]:
        theirs = (PASSKEY.c.tenant_id == tenant_id, PASSKEY.c.user_id == user_id)
        return await self._db.every(
            Passkey, select(PASSKEY).where(*theirs).order_by(PASSKEY.c.created_at, PASSKEY.c.id)
        )

    async def mark_passkey_used(self, passkey: Passkey, sign_count: int) -> bool:
        this = (PASSKEY.c.tenant_id == passkey.tenant_id, PASSKEY.c.id == passkey.id)
        used = update(PASSKEY).where(*this, PASSKEY.c.sign_count == passkey.sign_count)
        return await self._db.touched(used.values(sign_count=sign_count, last_used_at=self._db.now)) == 1

    async def rename_passkey(self, passkey: Passkey, name: str) -> bool:
        this = (PASSKEY.c.tenant_id == passkey.tenant_id, PASSKEY.c.id == passkey.id, PASSKEY.c.name == passkey.name)
        return await self._db.touched(update(PASSKEY).where(*this).values(name=name)) == 1

    async def remove_passkey(self, tenant_id: TenantId, user_id: UserId, passkey_id: str) -> bool:
        this = (PASSKEY.c.tenant_id == tenant_id, PASSKEY.c.user_id == user_id, PASSKEY.c.id == passkey_id)
        return await self._db.touched(delete(PASSKEY).where(*this)) == 1

    async def replace_app(self, enrolment: TotpEnrolment, *, before: TotpEnrolment | None) -> bool:
        if before is None:
            return await self._db.add_if_new(TOTP_ENROLMENT, columns_of(enrolment))
        mine = (TOTP_ENROLMENT.c.tenant_id == enrolment.tenant_id, TOTP_ENROLMENT.c.user_id == enrolment.user_id)
        same = (*mine, TOTP_ENROLMENT.c.confirmed_at == before.confirmed_at)
        values = columns_of(enrolment, without=["tenant_id", "user_id"])
        return await self._db.touched(update(TOTP_ENROLMENT).where(*same).values(**values)) == 1

    async def remove_app(self, tenant_id: TenantId, user_id: UserId) -> bool:
        mine = (TOTP_ENROLMENT.c.tenant_id == tenant_id, TOTP_ENROLMENT.c.user_id == user_id)
        return await self._db.touched(delete(TOTP_ENROLMENT).where(*mine)) == 1

    async def replace_recovery_codes(self, tenant_id: TenantId, user_id: UserId, hashes: Sequence[bytes]) -> None:
        mine = (RECOVERY_CODE.c.tenant_id == tenant_id, RECOVERY_CODE.c.user_id == user_id)
        await self._db.run(delete(RECOVERY_CODE).where(*mine))
        for code_hash in hashes:
            values = {"tenant_id": tenant_id, "user_id": user_id, "code_hash": code_hash}
            await self._db.add(RECOVERY_CODE, values)

    async def remove_other_web_sessions(self, session: WebSession) -> int:
        theirs = (WEB_SESSION.c.tenant_id == session.tenant_id, WEB_SESSION.c.user_id == session.user_id)
        others = delete(WEB_SESSION).where(*theirs, WEB_SESSION.c.token_hash != session.token_hash)
        return await self._db.touched(others)

    async def put_notice(self, notice: FactorNotice) -> None:
        await self._db.put(FACTOR_NOTICE, ["tenant_id", "user_id"], columns_of(notice))

    async def get_notice(self, tenant_id: TenantId, user_id: UserId) -> FactorNotice | None:
        theirs = (FACTOR_NOTICE.c.tenant_id == tenant_id, FACTOR_NOTICE.c.user_id == user_id)
        return await self._db.one(FactorNotice, select(FACTOR_NOTICE).where(*theirs))
