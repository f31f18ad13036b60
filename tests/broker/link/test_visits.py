"""What virtual browsers did, in the audit of the tenant whose desktop it was."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from broker.link.visits import MAX_VISITS, VisitBooks
from broker.model.ids import DesktopId
from broker.model.kinds import PoolApplication
from broker.model.records import AuditRecord
from broker.ports import AuditQuery
from broker.store import SqlStore
from broker.wire.messages import BrowserVisit
from tests.factories import CITY, LGWAN, RESIDENT, a_desktop, a_pool, a_tenant, a_user, a_zone, an_assignment

ZONES = frozenset({LGWAN})


def visit(desktop: str, **changes: Any) -> BrowserVisit:
    whole = BrowserVisit(
        desktop_id=DesktopId(desktop),
        at=datetime(2026, 4, 1, 9, tzinfo=UTC),
        host="www.example.lg.jp",
        port=443,
        refusal=None,
        count=2,
        bytes_out=10,
        bytes_in=200,
    )
    return msgspec.structs.replace(whole, **changes)


async def found_city(store: SqlStore, application: PoolApplication = PoolApplication.BROWSER) -> tuple[str, str]:
    """A pool with one desktop that somebody has, and a spare one: their ids."""
    async with store.write() as tx:
        await tx.people.put_tenant(a_tenant())
        await tx.pools.put_zone(a_zone())
        await tx.people.put_user(a_user())
        await tx.pools.put_pool(msgspec.structs.replace(a_pool(), application=application))
        held, spare = a_desktop(), msgspec.structs.replace(a_desktop(), id=DesktopId("spare"), name="spare")
        await tx.pools.add_desktop(held)
        await tx.pools.add_desktop(spare)
        assert await tx.sessions.add_assignment(an_assignment())
    return held.id, spare.id


async def told(store: SqlStore) -> list[AuditRecord]:
    async with store.read() as tx:
        return list(reversed(await tx.audit.search(CITY, AuditQuery(event_prefix="browser."))))


async def test_a_visit_names_who_had_the_desktop_where_and_how_much(store: SqlStore) -> None:
    held, spare = await found_city(store)
    refused = visit(held, host="news.example", refusal="not_listed", bytes_in=0)
    await VisitBooks(store, 5).note("agent-1", ZONES, [visit(held), refused, visit(spare)])
    connected, denied, by_itself = await told(store)
    assert (connected.event, connected.outcome) == ("browser.connected", "ok")
    assert connected.actor == f"user:{a_user().id}"
    assert connected.subject == f"desktop:{held}"
    assert connected.detail == {
        "pool": a_pool().id, "host": "www.example.lg.jp", "port": "443", "count": "2", "bytes_out": "10",
        "bytes_in": "200", "seen_at": "2026-04-01T09:00:00+00:00",
    }  # fmt: skip
    assert (denied.event, denied.outcome, denied.detail["cause"]) == ("browser.refused", "refused", "not_listed")
    assert by_itself.actor == f"desktop:{spare}"


@pytest.mark.parametrize("application", [PoolApplication.DESKTOP, PoolApplication.BROWSER])
async def test_an_agent_is_believed_about_browsers_of_its_own_zones_alone(
    store: SqlStore, application: PoolApplication
) -> None:
    held, _ = await found_city(store, application)
    zones = ZONES if application is PoolApplication.DESKTOP else frozenset({RESIDENT})
    await VisitBooks(store, 5).note("agent-1", zones, [visit(held), visit("nowhere")])
    assert await told(store) == []


async def test_one_message_writes_a_bounded_number_of_records(store: SqlStore) -> None:
    held, _ = await found_city(store)
    await VisitBooks(store, 20).note("agent-1", ZONES, [visit(held)] * (MAX_VISITS + 7))
    assert len(await told(store)) == MAX_VISITS
