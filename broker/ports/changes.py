"""Changes of what decisions rest on, in the store: exceptions, versions of rules, modes."""

from datetime import datetime
from typing import Protocol

from broker.model.ids import TenantId
from broker.model.policy_records import ChangeKind, PolicyChange
from broker.model.rules import TenantRules


class ChangeTx(Protocol):
    async def hold_rules(self, tenant_id: TenantId) -> None:
        """To the end of this transaction nobody else changes the tenant's rules or numbers a change of it."""
        ...

    async def next_number(self, tenant_id: TenantId, kind: ChangeKind, subject: str) -> int:
        """The number of the next change of this kind and subject, from 1. Hold the rules before."""
        ...

    async def add_change(self, change: PolicyChange) -> None: ...
    async def get_change(self, tenant_id: TenantId, change_id: str) -> PolicyChange | None: ...

    async def list_changes(
        self, tenant_id: TenantId, kind: ChangeKind, *, subject: str | None = None, limit: int = 200
    ) -> list[PolicyChange]:
        """The newest first; of all subjects when none is named."""
        ...

    async def list_approved(self, tenant_id: TenantId, kind: ChangeKind) -> list[PolicyChange]:
        """Those that hold, by id."""
        ...

    async def list_due(self, now: datetime) -> list[PolicyChange]:
        """Of all tenants: those that are not over yet though their end has come."""
        ...

    async def swap_change(self, before: PolicyChange, after: PolicyChange) -> PolicyChange | None:
        """Compare-and-swap on ``version``: the stored row with ``version + 1``, or None when somebody was faster."""
        ...

    async def put_rules(self, tenant_id: TenantId, rules: TenantRules) -> None:
        """The tenant's rules alone; mode and names stay as they are."""
        ...
