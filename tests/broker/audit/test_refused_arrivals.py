"""Who was turned away at an entrance stands in every tenant's audit, and a loop of it does not fill the audit."""

from typing import cast

from broker.audit.arrivals import RefusedArrivals
from broker.ports import Store
from tests.broker.link.fakes import AuditOnlyStore


async def test_every_tenant_hears_of_it_once_and_then_how_often() -> None:
    store = AuditOnlyStore()
    refused = RefusedArrivals(cast(Store, store), apart_s=3600)
    for _ in range(50):
        await refused.note("office", "address_in_no_range", "203.0.113.9")
    assert store.told() == [(name, "entrance.refused", "entrance:office") for name in ("t1", "t2")]
    assert store.audited[0].detail == {"cause": "address_in_no_range", "attempts": "1"}
    assert store.audited[0].address == "203.0.113.9"
    await refused.note("", "unknown_entrance", "10.0.0.9")
    assert store.told()[2:] == [(name, "entrance.refused", "entrance:unknown") for name in ("t1", "t2")]


async def test_after_a_while_it_is_told_again() -> None:
    store = AuditOnlyStore()
    refused = RefusedArrivals(cast(Store, store), apart_s=0)
    await refused.note("office", "headers_malformed", "10.0.0.9")
    await refused.note("office", "headers_malformed", "10.0.0.9")
    assert len(store.audited) == 4


async def test_a_database_that_is_away_does_not_let_anybody_in() -> None:
    store = AuditOnlyStore()
    store.is_away = True
    await RefusedArrivals(cast(Store, store)).note("office", "headers_malformed", "10.0.0.9")
    assert store.audited == []
