"""Who may search the audit, and what they find."""

from datetime import timedelta

import pytest

from broker.audit import AuditService
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.records import AuditRecord
from broker.policy.administration import Action, NotAllowed
from broker.ports import AuditEntry, AuditQuery
from broker.store import SqlStore
from tests.broker.audit.records import CITY, TOWN, append


def _actor(*roles: Role) -> Actor:
    return Actor(tenant_id=CITY, name="user:auditor", roles=frozenset(roles), address="192.0.2.8")


async def _search(store: SqlStore, query: AuditQuery) -> list[AuditRecord]:
    found = await AuditService(store).search(_actor(Role.AUDITOR), query)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("roles", [(), (Role.POOL_ADMIN,)])
async def test_who_may_not_see_the_audit_sees_nothing_of_it(sqlite_store: SqlStore, roles: tuple[Role, ...]) -> None:
    found = await AuditService(sqlite_store).search(_actor(*roles), AuditQuery())
    assert found == NotAllowed(Action.SEE_AUDIT)


async def test_an_auditor_sees_the_own_tenants_records_newest_first_page_by_page(store: SqlStore) -> None:
    await append(store, 5)
    await append(store, 2, TOWN)
    page = await _search(store, AuditQuery(limit=3))
    assert [record.subject for record in page] == ["session:5", "session:4", "session:3"]
    rest = await _search(store, AuditQuery(limit=3, before_id=page[-1].id))
    assert [record.subject for record in rest] == ["session:2", "session:1"]
    assert {record.tenant_id for record in page + rest} == {CITY}
    assert len(await _search(store, AuditQuery(limit=-1))) == 1


async def test_records_are_found_by_event_text_and_time(store: SqlStore) -> None:
    await append(store, 2)
    async with store.write() as tx:
        entry = AuditEntry(
            tenant_id=CITY,
            event="signin.refused",
            actor="user:100%",
            subject="login:staff_1",
            detail={"理由": "wrong_code"},
        )
        await tx.audit.append(entry)
    refused = await _search(store, AuditQuery(event_prefix="signin."))
    assert [record.event for record in refused] == ["signin.refused"]
    for text in ("100%", "staff_1", "STAFF_1", "理由", "wrong_code", "signin.ref"):
        assert await _search(store, AuditQuery(text=text)) == refused, text
    for text in ("100_", "staff%1"):
        assert await _search(store, AuditQuery(text=text)) == [], text
    at = refused[0].at
    assert await _search(store, AuditQuery(since=at)) == refused
    assert len(await _search(store, AuditQuery(until=at))) == 2
    assert await _search(store, AuditQuery(since=at + timedelta(seconds=1))) == []


async def test_a_text_that_a_database_can_not_hold_does_not_stop_the_record(store: SqlStore) -> None:
    async with store.write() as tx:
        entry = AuditEntry(
            tenant_id=CITY, event="signin.refused", actor="a\0b", subject="\ud800", detail={"login": "x\0\udfff"}
        )
        await tx.audit.append(entry)
    (record,) = await _search(store, AuditQuery())
    assert (record.actor, record.subject) == ("a\ufffdb", "\ufffd")
    assert record.detail == {"login": "x\ufffd\ufffd"}


async def test_taking_the_audit_home_is_in_the_audit(sqlite_store: SqlStore) -> None:
    audit = AuditService(sqlite_store)
    query = AuditQuery(event_prefix="signin.", text="山田")

    assert await audit.note_export(_actor(Role.POOL_ADMIN), query, 3) == NotAllowed(Action.SEE_AUDIT)
    assert await audit.note_export(_actor(Role.AUDITOR), query, 3) is None

    (record,) = await _search(sqlite_store, AuditQuery(event_prefix="audit.exported"))
    assert (record.actor, record.address) == ("user:auditor", "192.0.2.8")
    assert record.detail == {"event": "signin.", "text": "山田", "records": "3"}
