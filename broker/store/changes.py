"""Changes of what decisions rest on: exceptions, versions of rules, modes."""

from datetime import datetime

from sqlalchemy import func, select, update

from broker.errors import StoreError
from broker.lifecycle.policy_change import ChangeState
from broker.model.ids import TenantId
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.rules import TenantRules
from broker.store.policy_epoch import bump_epoch
from broker.store.schema.people import TENANT
from broker.store.schema.policy import POLICY_CHANGE
from broker.store.statements import Statements, columns_of

_CHANGE = POLICY_CHANGE.c
_OPEN = (ChangeState.REQUESTED, ChangeState.APPROVED)


class SqlChanges:
    """Implements :class:`broker.ports.ChangeTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def hold_rules(self, tenant_id: TenantId) -> None:
        await self._db.hold(f"rules:{tenant_id}")

    async def next_number(self, tenant_id: TenantId, kind: ChangeKind, subject: str) -> int:
        theirs = (_CHANGE.tenant_id == tenant_id, _CHANGE.kind == kind, _CHANGE.subject == subject)
        return 1 + await self._db.number(select(func.max(_CHANGE.number)).where(*theirs))

    async def add_change(self, change: PolicyChange) -> None:
        """Raises :class:`StoreError` when the number is taken."""
        await self._db.add(POLICY_CHANGE, columns_of(change))

    async def get_change(self, tenant_id: TenantId, change_id: str) -> PolicyChange | None:
        mine = (_CHANGE.tenant_id == tenant_id, _CHANGE.id == change_id)
        return await self._db.one(PolicyChange, select(POLICY_CHANGE).where(*mine))

    async def list_changes(
        self, tenant_id: TenantId, kind: ChangeKind, *, subject: str | None = None, limit: int = 200
    ) -> list[PolicyChange]:
        found = select(POLICY_CHANGE).where(_CHANGE.tenant_id == tenant_id, _CHANGE.kind == kind)
        if subject is not None:
            found = found.where(_CHANGE.subject == subject)
        newest = found.order_by(_CHANGE.requested_at.desc(), _CHANGE.number.desc(), _CHANGE.id).limit(limit)
        return await self._db.every(PolicyChange, newest)

    async def list_approved(self, tenant_id: TenantId, kind: ChangeKind) -> list[PolicyChange]:
        theirs = (_CHANGE.tenant_id == tenant_id, _CHANGE.kind == kind, _CHANGE.state == ChangeState.APPROVED)
        return await self._db.every(PolicyChange, select(POLICY_CHANGE).where(*theirs).order_by(_CHANGE.id))

    async def list_due(self, now: datetime) -> list[PolicyChange]:
        due = (_CHANGE.state.in_(_OPEN), _CHANGE.until <= now)
        return await self._db.every(PolicyChange, select(POLICY_CHANGE).where(*due).order_by(_CHANGE.until, _CHANGE.id))

    async def swap_change(self, before: PolicyChange, after: PolicyChange) -> PolicyChange | None:
        if (before.tenant_id, before.id) != (after.tenant_id, after.id):
            raise StoreError("a change can't be swapped for another one")
        unchanged = (
            _CHANGE.tenant_id == before.tenant_id,
            _CHANGE.id == before.id,
            _CHANGE.version == before.version,
        )
        values = columns_of(after, without=["tenant_id", "id"]) | {"version": before.version + 1}
        return await self._db.one(
            PolicyChange, update(POLICY_CHANGE).where(*unchanged).values(**values).returning(*_CHANGE)
        )

    async def put_rules(self, tenant_id: TenantId, rules: TenantRules) -> None:
        await self._db.run(update(TENANT).where(TENANT.c.id == tenant_id).values(rules=rules))
        await bump_epoch(self._db, tenant_id)
