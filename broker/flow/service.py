"""The list of permitted flows as auditors and administrators read it in the console and by the API."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import msgspec

from broker.flow.day import day_of
from broker.flow.records import Flow
from broker.flow.rules import derive
from broker.flow.table import FlowRow, Words, flow_rows
from broker.model.actor import Actor
from broker.model.ids import TenantId
from broker.model.kinds import Role
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, Store
from broker.settings import SiteSettings


class FlowDesk:
    """Everybody sees the site's own flows and those of their tenant, a system administrator all of them."""

    def __init__(
        self, store: Store, settings: SiteSettings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._derived: tuple[date, tuple[Flow, ...]] | None = None

    async def list_flows(self, actor: Actor) -> list[Flow] | NotAllowed:
        """Empty for a site whose settings name no hosts."""
        if refusal := refuse_action(actor.roles, Action.SEE_FLOWS):
            return refusal
        if Role.SYSTEM_ADMIN in actor.roles:
            return list(self._of_today())
        seen = (flow for flow in self._of_today() if not flow.tenants or actor.tenant_id in flow.tenants)
        return [_without_others(flow, actor.tenant_id) for flow in seen]

    async def list_rows(self, actor: Actor, words: Words) -> list[FlowRow] | NotAllowed:
        """The same as rows of a table in one language."""
        flows = await self.list_flows(actor)
        return flows if isinstance(flows, NotAllowed) else flow_rows(self._settings, flows, words)

    async def note_export(self, actor: Actor, rows: int) -> NotAllowed | None:
        """Write into the audit that somebody took the list home; None when that was theirs to do."""
        if refusal := refuse_action(actor.roles, Action.SEE_FLOWS):
            return refusal
        entry = AuditEntry(
            tenant_id=actor.tenant_id,
            event="flows.exported",
            actor=actor.name,
            subject="flows",
            address=actor.address,
            detail={"rows": str(rows)},
        )
        async with self._store.write() as tx:
            await tx.audit.append(entry)
        return None

    def _of_today(self) -> tuple[Flow, ...]:
        """Derived once a day: the settings of a running broker never change."""
        today = day_of(self._settings, self._clock())
        if self._derived is None or self._derived[0] != today:
            self._derived = today, derive(self._settings, today)
        return self._derived[1]


def _without_others(flow: Flow, tenant_id: TenantId) -> Flow:
    """A flow that several tenants share names only this one's settings."""
    own = f"tenants.{tenant_id}."
    kept = tuple(path for path in flow.settings if not path.startswith("tenants.") or path.startswith(own))
    return msgspec.structs.replace(flow, settings=kept, tenants=flow.tenants & {tenant_id})
