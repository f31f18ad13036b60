"""Settings into rows: what differs is written and noted in the audit, what is the same is left alone."""

from functools import partial

import msgspec

from broker.errors import SealBroken
from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent, DesktopState
from broker.lifecycle.step import may_step
from broker.model.records import Desktop, Pool
from broker.pool.applying_rules import apply_tenant, refuse_past
from broker.pool.credentials import open_credential, seal_credential
from broker.pool.desired import DesiredHost, DesiredPool, DesiredTenant
from broker.pool.races import write_again
from broker.pool.rule_versions import pool_under, rules_of_pool, settle_rules
from broker.pool.seating import new_desktop
from broker.pool.steps import note, note_desktop, stepped, swap
from broker.ports import Store, Transaction
from broker.secret import SealingKey, Secret

_LEAVING = {
    DesktopState.READY: (DesktopEvent.DRAIN_ORDERED, DesktopEvent.DRAINED, DesktopEvent.RETIRED),
    DesktopState.DRAINING: (DesktopEvent.DRAINED, DesktopEvent.RETIRED),
}


async def apply(store: Store, sealing: SealingKey, desired: list[DesiredTenant]) -> int:
    """Bring every tenant's rows to what is desired; how many rows changed. A second time it is none.

    Raises :class:`broker.errors.ConfigurationError` before anything is written.
    """
    await refuse_past(store, [tenant.tenant for tenant in desired])
    changed = 0
    for tenant in desired:
        changed += await write_again(store, partial(_apply_tenant, sealing=sealing, desired=tenant))
    return changed


async def _apply_tenant(tx: Transaction, sealing: SealingKey, desired: DesiredTenant) -> int:
    changed = await apply_tenant(tx, desired.tenant)
    tenant = desired.tenant
    for zone in desired.zones:
        if await tx.pools.get_zone(tenant.id, zone.id) != zone:
            await tx.pools.put_zone(zone)
            await note(tx, tenant.id, "zone.changed", f"zone:{zone.id}")
            changed += 1
    for wanted in desired.pools:
        changed += await _apply_pool(tx, sealing, wanted)
    return changed


async def _apply_pool(tx: Transaction, sealing: SealingKey, wanted: DesiredPool) -> int:
    changed = 0
    before = await tx.pools.get_pool(wanted.pool.tenant_id, wanted.pool.id)
    # Open or closed is the IT desk's to say, not the file's; so are rules that it changed since.
    pool = wanted.pool if before is None else msgspec.structs.replace(wanted.pool, is_open=before.is_open)
    pool = pool_under(pool, await settle_rules(tx, pool.tenant_id, pool.id, rules_of_pool(pool)))
    if pool != before:
        await tx.pools.put_pool(pool)
        fields = "all" if before is None else ",".join(_differing(before, pool))
        await note(tx, pool.tenant_id, "pool.changed", f"pool:{pool.id}", detail={"fields": fields})
        changed += 1
    rows = await tx.pools.list_desktops(pool.tenant_id, pool.id)
    by_name = {desktop.name: desktop for desktop in rows if desktop.state is not DesktopState.RETIRED}
    for host in wanted.hosts:
        changed += await _apply_host(tx, sealing, pool, host, by_name.pop(host.name, None))
    if wanted.has_hosts:
        changed += await _retire(tx, list(by_name.values()))
    return changed


def _differing(before: Pool, after: Pool) -> list[str]:
    fields = (field.name for field in msgspec.structs.fields(Pool))
    return [name for name in fields if getattr(before, name) != getattr(after, name)]


async def _apply_host(
    tx: Transaction, sealing: SealingKey, pool: Pool, host: DesiredHost, found: Desktop | None
) -> int:
    if found is None:
        made = new_desktop(tx, pool, owner_id=None)
        sealed = seal_credential(sealing, pool.tenant_id, made.id, host.credential)
        added = msgspec.structs.replace(made, name=host.name, endpoint=host.endpoint, credential=sealed)
        await tx.pools.add_desktop(added)
        await note_desktop(tx, added, "pool.changed", change="host added")
        return 1
    if found.endpoint == host.endpoint and _opens_to(sealing, found, host.credential):
        return 0
    sealed = seal_credential(sealing, pool.tenant_id, found.id, host.credential)
    await swap(tx, found, msgspec.structs.replace(found, endpoint=host.endpoint, credential=sealed))
    await note_desktop(tx, found, "pool.changed", change="host changed")
    return 1


def _opens_to(sealing: SealingKey, desktop: Desktop, credential: dict[str, Secret]) -> bool:
    try:
        return open_credential(sealing, desktop) == credential
    except SealBroken:
        return False


async def _retire(tx: Transaction, hosts: list[Desktop]) -> int:
    """Hosts that the settings no longer name. One that is in use goes the next time that settings are applied."""
    retired = 0
    for host in hosts:
        events = _LEAVING.get(host.state, (DesktopEvent.RETIRED,))
        if may_step(DESKTOP_STEPS, host.state, events[0]):
            await swap(tx, host, stepped(host, tx.now, *events))
            await note_desktop(tx, host, "pool.changed", change="host removed")
            retired += 1
    return retired
