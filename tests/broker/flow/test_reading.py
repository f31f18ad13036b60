"""Who may read the list, and whose flows they see."""

from datetime import UTC, datetime
from typing import Any

import pytest

from broker.audit import AuditService
from broker.flow import Flow
from broker.flow.service import FlowDesk
from broker.flow.table import JAPANESE
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.policy.administration import Action, NotAllowed
from broker.ports import AuditQuery
from broker.store import SqlStore
from tests.broker.audit.records import CITY, TOWN
from tests.broker.flow.site import document, settings_of


def actor(*roles: Role) -> Actor:
    return Actor(tenant_id=CITY, name="user:reader", roles=frozenset(roles), address="192.0.2.8")


def shared_site() -> dict[str, Any]:
    """Two municipalities on one site, each with desktops on the same host."""
    raw = document()
    raw["tenants"][0]["id"] = CITY
    raw["tenants"].append(document()["tenants"][0] | {"id": TOWN, "hostnames": ["town.example"]})
    raw["tenants"][1]["directory"] = raw["tenants"][1]["directory"] | {"url": "ldaps://10.3.0.77"}
    for machine in raw["hosts"]:
        machine["roles"] = [
            role.replace("directory:hinode", f"directory:{CITY}").replace("desktops:", f"desktops:{CITY}/")
            for role in machine["roles"]
        ]
    return raw


def desk(store: SqlStore, now: datetime = datetime(2026, 11, 22, tzinfo=UTC)) -> FlowDesk:
    return FlowDesk(store, settings_of(shared_site()), lambda: now)


async def read(store: SqlStore, *roles: Role) -> dict[str, Flow]:
    flows = await desk(store).list_flows(actor(*roles))
    assert isinstance(flows, list)
    return {flow.id: flow for flow in flows}


@pytest.mark.parametrize("roles", [(), (Role.POOL_ADMIN,)])
async def test_others_see_nothing_and_take_nothing(sqlite_store: SqlStore, roles: tuple[Role, ...]) -> None:
    refused = NotAllowed(Action.SEE_FLOWS)
    assert await desk(sqlite_store).list_flows(actor(*roles)) == refused
    assert await desk(sqlite_store).list_rows(actor(*roles), JAPANESE) == refused
    assert await desk(sqlite_store).note_export(actor(*roles), 3) == refused


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.TENANT_ADMIN])
async def test_a_municipality_does_not_see_anothers_servers(sqlite_store: SqlStore, role: Role) -> None:
    own, everything = await read(sqlite_store, role), await read(sqlite_store, Role.SYSTEM_ADMIN)
    others = f"broker-directory/broker-1/directory:{TOWN}/10.3.0.77/tcp-636"
    assert others in everything
    assert others not in own
    assert "broker-directory/broker-1/ldap/tcp-389" in own
    assert "gateway-broker/gw-lan/broker-1/tcp-8402" in own
    shared = "guacd-desktop/vdi-1/rds-1/tcp-3389"
    assert everything[shared].tenants == {CITY, TOWN}
    assert f"tenants.{TOWN}.pools.office-pcs.desktops" in everything[shared].settings
    assert own[shared].tenants == {CITY}
    assert not any(TOWN in path for flow in own.values() for path in flow.settings)


async def test_a_flow_leaves_the_list_when_its_last_day_is_over(sqlite_store: SqlStore) -> None:
    now = [datetime(2026, 12, 31, 14, 59, tzinfo=UTC)]  # 23:59 in Japan
    reader = FlowDesk(sqlite_store, settings_of(shared_site()), lambda: now[0])
    before = await reader.list_rows(actor(Role.AUDITOR), JAPANESE)
    now[0] = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)
    after = await reader.list_rows(actor(Role.AUDITOR), JAPANESE)
    assert isinstance(before, list)
    assert isinstance(after, list)
    assert {row.until for row in before} - {row.until for row in after} == {"2026-12-31"}


async def test_who_takes_the_list_home_is_in_the_audit(sqlite_store: SqlStore) -> None:
    assert await desk(sqlite_store).note_export(actor(Role.AUDITOR), 42) is None
    (record,) = await _audited(sqlite_store)
    assert (record.actor, record.subject, record.detail["rows"]) == ("user:reader", "flows", "42")


async def _audited(store: SqlStore) -> list[Any]:
    found = await AuditService(store).search(actor(Role.AUDITOR), AuditQuery(event_prefix="flows.exported"))
    assert isinstance(found, list)
    return found
