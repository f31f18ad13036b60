"""A tenant's rules into its row, with every exception in the audit."""

from collections.abc import Iterable

import msgspec

from broker.errors import ConfigurationError
from broker.model.records import Tenant
from broker.model.rules import RuleSet, Waiver
from broker.policy.checking import refusals_of_past
from broker.policy.local_time import local_time
from broker.pool.rule_versions import TENANT_RULES, settle_rules
from broker.pool.steps import note
from broker.ports import Store, Transaction


async def refuse_past(store: Store, tenants: Iterable[Tenant]) -> None:
    """Raises :class:`ConfigurationError` for an exception that is new and has ended already."""
    async with store.read() as tx:
        for tenant in tenants:
            before = await tx.people.get_tenant(tenant.id)
            known = () if before is None else before.rules.waivers
            today = local_time(tx.now, tenant.time_zone).date()
            for refusal in refusals_of_past(f"tenants.{tenant.id}.policy", tenant.rules.waivers, known, today):
                raise ConfigurationError(f"{refusal.path}: {refusal.why}")


async def apply_tenant(tx: Transaction, wanted: Tenant) -> int:
    """1 when the row changed. The mode is the IT desk's to say, not the file's; so are rules that it changed since."""
    if await tx.people.get_tenant(wanted.id) is None:
        # What belongs to a tenant, versions of its rules as well, needs its row.
        await tx.people.put_tenant(wanted)
        return await _write_tenant(tx, None, wanted, wanted)
    await tx.changes.hold_rules(wanted.id)
    before = await tx.people.get_tenant(wanted.id)
    return await _write_tenant(tx, before, wanted, wanted if before is None else _kept(before, wanted))


def _kept(before: Tenant, wanted: Tenant) -> Tenant:
    """The wanted tenant with what the IT desk says: the mode, and the exceptions that two people approved."""
    return msgspec.structs.replace(
        wanted,
        mode=before.mode,
        mode_until=before.mode_until,
        mode_is_drill=before.mode_is_drill,
        rules=msgspec.structs.replace(wanted.rules, granted=before.rules.granted),
    )


async def _write_tenant(tx: Transaction, before: Tenant | None, wanted: Tenant, tenant: Tenant) -> int:
    asked = RuleSet(restrictions=wanted.rules.restrictions)
    settled = await settle_rules(tx, tenant.id, TENANT_RULES, asked)
    rules = msgspec.structs.replace(tenant.rules, restrictions=settled.restrictions)
    tenant = msgspec.structs.replace(tenant, rules=rules)
    if tenant == before:
        return 0
    await tx.people.put_tenant(tenant)
    fields = "all" if before is None else ",".join(_differing(before, tenant))
    await note(tx, tenant.id, "tenant.changed", f"tenant:{tenant.id}", detail={"fields": fields})
    kept = () if before is None else before.rules.waivers
    named = {waiver.id for waiver in tenant.rules.waivers}
    for waiver in tenant.rules.waivers:
        if waiver not in kept:
            await _note_waiver(tx, tenant, waiver, "exception.recorded")
    for waiver in kept:
        if waiver.id not in named:
            await _note_waiver(tx, tenant, waiver, "exception.withdrawn")
    return 1


async def _note_waiver(tx: Transaction, tenant: Tenant, waiver: Waiver, event: str) -> None:
    detail = {
        "reason": waiver.reason,
        "author": waiver.author,
        "approver": waiver.approver,
        "ends_on": waiver.ends_on.isoformat(),
        "loosens": msgspec.json.encode(waiver, order="deterministic").decode(),
    }
    await note(tx, tenant.id, event, f"exception:{waiver.id}", detail=detail)


def _differing(before: Tenant, after: Tenant) -> list[str]:
    fields = (field.name for field in msgspec.structs.fields(Tenant))
    return [name for name in fields if getattr(before, name) != getattr(after, name)]
