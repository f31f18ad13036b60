"""Telework approvals, recorded decisions, and the number by which a change of the rules is noticed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from broker.model.ids import TenantId
from broker.model.policy_records import DecisionRecord, TeleworkApproval
from broker.store.policy_epoch import bump_epoch
from broker.store.schema.policy import DECISION_RECORD, POLICY_EPOCH, TELEWORK_APPROVAL
from broker.store.statements import Statements, columns_of

_APPROVAL = TELEWORK_APPROVAL.c
_DECISION = DECISION_RECORD.c


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

    async def add_decision(self, decision: DecisionRecord) -> None:
        await self._db.add(DECISION_RECORD, columns_of(decision))

    async def list_decisions(self, tenant_id: TenantId, since: datetime, limit: int) -> Sequence[DecisionRecord]:
        """The newest first."""
        kept = select(DECISION_RECORD).where(_DECISION.tenant_id == tenant_id, _DECISION.at >= since)
        return await self._db.every(DecisionRecord, kept.order_by(_DECISION.at.desc(), _DECISION.id).limit(limit))

    async def purge_decisions(self, before: datetime) -> int:
        return await self._db.touched(delete(DECISION_RECORD).where(_DECISION.at < before))
