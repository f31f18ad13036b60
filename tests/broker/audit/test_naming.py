"""Records are found by the names of people, and a page's ids get their names at once."""

import pytest

from broker.audit import AuditService
from broker.audit.naming import references_of
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.records import AuditRecord
from broker.policy.administration import Action, NotAllowed
from broker.ports import AuditEntry, AuditQuery
from broker.store import SqlStore
from tests.broker.store.rows import CITY, OFFICE, TOWN, a_desktop, a_session, a_user, put_city

AUDITOR = Actor(tenant_id=CITY, name="user:auditor", roles=frozenset({Role.AUDITOR}), address="192.0.2.8")


async def _write(store: SqlStore, actor: str, subject: str, **detail: str) -> None:
    async with store.write() as tx:
        await tx.audit.append(
            AuditEntry(tenant_id=CITY, event="session.ended", actor=actor, subject=subject, detail=detail)
        )


async def _city(store: SqlStore) -> None:
    async with store.write() as tx:
        await put_city(tx)
        await put_city(tx, tenant_id=TOWN)
        await tx.people.put_user(a_user(7, display_name="山田　太郎", login="yamada.taro"))
        await tx.people.put_user(a_user(8, TOWN, display_name="山田 花子", login="yamada.hanako"))
        await tx.pools.add_desktop(a_desktop(1))
        await tx.sessions.add_session(a_session(1, a_user(7).id))


async def _found(store: SqlStore, text: str) -> list[AuditRecord]:
    found = await AuditService(store).search(AUDITOR, AuditQuery(text=text))
    assert isinstance(found, list)
    return found


async def test_a_name_or_login_finds_what_somebody_did_and_what_was_done_to_them(store: SqlStore) -> None:
    await _city(store)
    await _write(store, "user:user-7", "session:session-1")
    await _write(store, "user:user-2", "user:user-7")
    await _write(store, "system", "assignment:1", user="user-7")
    await _write(store, "user:user-2", "session:session-2")
    await _write(store, "user:user-8", "session:session-3")  # somebody else of that id lives in another town
    for text in ("山田", "山田 太郎", "山田太郎", "太郎", "yamada.taro", "YAMADA"):
        assert [record.id for record in await _found(store, text)] == [3, 2, 1], text
    assert await _found(store, "花子") == []
    assert await _found(store, "　") == []


async def test_a_page_gets_its_names_of_the_own_tenant_only(store: SqlStore) -> None:
    await _city(store)
    await _write(store, "login:yamada.taro", "session:session-1", pool="office", desktop="desktop-1", user="user-8")
    audit = AuditService(store)
    names = await audit.names_in(AUDITOR, await _found(store, ""))
    assert not isinstance(names, NotAllowed)
    assert names.logins["yamada.taro"].display_name == "山田　太郎"
    session = next(iter(names.sessions.values()))
    assert (session.user_id, session.pool_id) == ("user-7", OFFICE)
    assert [person.login for person in names.users.values()] == ["yamada.taro"]
    assert names.pools[OFFICE].name_ja == "共用デスクトップ"
    assert list(names.desktops.values()) == ["PC-001"]


async def test_a_long_page_is_named_by_few_statements(sqlite_store: SqlStore) -> None:
    await _city(sqlite_store)
    record = AuditRecord(
        tenant_id=CITY, id=1, at=a_session().created_at, event="e", version=1, actor="", subject="", outcome="ok",
        address="", detail={},
    )  # fmt: skip
    many = [
        AuditRecord(**{name: getattr(record, name) for name in record.__struct_fields__} | {"actor": f"user:user-{n}"})
        for n in range(1200)
    ]
    names = await AuditService(sqlite_store).names_in(AUDITOR, many)
    assert not isinstance(names, NotAllowed)
    assert sorted(names.users) == ["user-1", "user-2", "user-3", "user-7"]
    assert len(references_of(many).users) == 1200


@pytest.mark.parametrize("roles", [frozenset[Role](), frozenset({Role.POOL_ADMIN})])
async def test_names_are_for_those_who_may_read(sqlite_store: SqlStore, roles: frozenset[Role]) -> None:
    actor = Actor(tenant_id=CITY, name="user:x", roles=roles, address="")
    assert await AuditService(sqlite_store).names_in(actor, []) == NotAllowed(Action.SEE_AUDIT)
