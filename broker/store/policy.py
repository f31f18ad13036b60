"""Telework approvals, recorded decisions, and the number by which a change of the rules is noticed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from broker.model.consent import Consent
from broker.model.ids import TenantId, UserId
from broker.model.policy_records import DecisionRecord, TeleworkApproval
from broker.model.records import User
from broker.store.policy_epoch import bump_epoch
from broker.store.schema.people import USER
from broker.store.schema.policy import CONSENT, DECISION_RECORD, POLICY_EPOCH, TELEWORK_APPROVAL
from broker.store.statements import Statements, columns_of

_APPROVAL = TELEWORK_APPROVAL.c
_DECISION = DECISION_RECORD.c
_CONSENT = CONSENT.c


class SqlPolicy:
    """Implements :class:`broker.ports.PolicyTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def list_epochs(self) -> dict[TenantId, int]:
        rows = (await self._db.run(select(POLICY_EPOCH))).mappings()
        return {TenantId(row["tenant_id"]): int(row["number"]) for row in rows}

    async def get_approval(self, tenant_id: TenantId, login: str) -> TeleworkApproval | None:
        mine = (_APPROVAL.tenant_id == tenant_id, _APPROVAL.login == login)
        return await self._db.one(TeleworkApproval, select(TELEWORK_APPROVAL).where(*mine))

    async def list_approvals(self, tenant_id: TenantId) -> list[TeleworkApproval]:
        theirs = select(TELEWORK_APPROVAL).where(_APPROVAL.tenant_id == tenant_id)
        return await self._db.every(TeleworkApproval, theirs.order_by(_APPROVAL.login))

    async def put_approval(self, approval: TeleworkApproval) -> None:
        await self._db.put(TELEWORK_APPROVAL, ["tenant_id", "login"], columns_of(approval))
        await bump_epoch(self._db, approval.tenant_id)

    async def remove_approval(self, tenant_id: TenantId, login: str) -> bool:
        mine = (_APPROVAL.tenant_id == tenant_id, _APPROVAL.login == login)
        if await self._db.touched(delete(TELEWORK_APPROVAL).where(*mine)) != 1:
            return False
        await bump_epoch(self._db, tenant_id)
        return True

    async def get_consent(self, tenant_id: TenantId, user_id: UserId) -> Consent | None:
        mine = select(CONSENT).where(_CONSENT.tenant_id == tenant_id, _CONSENT.user_id == user_id)
        return await self._db.one(Consent, mine.order_by(_CONSENT.given_at.desc()).limit(1))

    async def add_consent(self, consent: Consent) -> bool:
        return await self._db.add_if_new(CONSENT, columns_of(consent))

    async def list_consents(self, tenant_id: TenantId) -> list[tuple[User, Consent | None]]:
        given = select(CONSENT).where(_CONSENT.tenant_id == tenant_id).order_by(_CONSENT.given_at)
        last = {consent.user_id: consent for consent in await self._db.every(Consent, given)}
        present = select(USER).where(USER.c.tenant_id == tenant_id, USER.c.left_at.is_(None)).order_by(USER.c.login)
        return [(user, last.get(user.id)) for user in await self._db.every(User, present)]

    async def add_decision(self, decision: DecisionRecord) -> None:
        await self._db.add(DECISION_RECORD, columns_of(decision))

    async def list_decisions(self, tenant_id: TenantId, since: datetime, limit: int) -> Sequence[DecisionRecord]:
        """The newest first."""
        kept = select(DECISION_RECORD).where(_DECISION.tenant_id == tenant_id, _DECISION.at >= since)
        return await self._db.every(DecisionRecord, kept.order_by(_DECISION.at.desc(), _DECISION.id).limit(limit))

    async def purge_decisions(self, before: datetime) -> int:
        return await self._db.touched(delete(DECISION_RECORD).where(_DECISION.at < before))
