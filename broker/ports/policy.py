"""Telework approvals and recorded decisions in the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from broker.model.consent import Consent
from broker.model.ids import TenantId, UserId
from broker.model.policy_records import DecisionRecord, TeleworkApproval
from broker.model.records import User


class PolicyTx(Protocol):
    async def list_epochs(self) -> dict[TenantId, int]:
        """For each tenant a number that grows with every change of a row that live sessions rest on (tenant, zone,
        pool, lock, groups, approval)."""
        ...

    async def get_approval(self, tenant_id: TenantId, login: str) -> TeleworkApproval | None: ...
    async def list_approvals(self, tenant_id: TenantId) -> list[TeleworkApproval]: ...
    async def put_approval(self, approval: TeleworkApproval) -> None: ...
    async def remove_approval(self, tenant_id: TenantId, login: str) -> bool: ...
    async def get_consent(self, tenant_id: TenantId, user_id: UserId) -> Consent | None:
        """What the person confirmed last."""
        ...

    async def add_consent(self, consent: Consent) -> bool:
        """False when this very moment has one already."""
        ...

    async def list_consents(self, tenant_id: TenantId) -> list[tuple[User, Consent | None]]:
        """Everybody who has signed in and not left, by login, with what they confirmed last."""
        ...

    async def add_decision(self, decision: DecisionRecord) -> None: ...

    async def list_decisions(self, tenant_id: TenantId, since: datetime, limit: int) -> Sequence[DecisionRecord]:
        """The newest first."""
        ...

    async def purge_decisions(self, before: datetime) -> int: ...
