"""Statements that are prepared once say and do what all others do, whichever way they reach the database."""

import asyncio

import msgspec
import pytest
from sqlalchemy import text

from broker.errors import StoreError, StoreUnavailable
from broker.model.ids import TenantId
from broker.model.records import PendingSignin
from broker.model.throttle import Throttle
from broker.ports import AuditEntry
from broker.store import SqlStore, open_store
from broker.store.engine import make_engine
from broker.store.location import locate
from tests.broker.store.rows import CITY, fill


async def test_a_reader_can_not_change_anything_by_a_prepared_statement(store: SqlStore) -> None:
    await fill(store)
    with pytest.raises(StoreError, match="can't write"):
        async with store.read() as tx:
            await tx.signin.put_throttle(Throttle(key="k", failures=1, first_failed_at=tx.now, blocked_until=None))


async def test_a_row_that_breaks_a_rule_of_the_schema_is_refused_and_nothing_of_the_transaction_stays(
    store: SqlStore,
) -> None:
    await fill(store)
    with pytest.raises(StoreError, match="refused a row") as refused:
        async with store.write() as tx:
            await tx.signin.put_throttle(Throttle(key="k", failures=1, first_failed_at=tx.now, blocked_until=None))
            pending = PendingSignin(
                token_hash=b"\0" * 32, tenant_id=TenantId("nowhere"), login="secretive", user_id=None,
                password_refusal=None, must_enrol=False, enrolment_secret=None, code_failures=0, address="192.0.2.1",
                user_agent="", created_at=tx.now, expires_at=tx.now,
            )  # fmt: skip
            await tx.signin.add_pending(pending)
            await tx.audit.append(AuditEntry(tenant_id=CITY, event="x.happened", actor="system", subject="x"))
    assert not isinstance(refused.value, StoreUnavailable)
    assert "secretive" not in str(refused.value)
    async with store.read() as tx:
        assert await tx.signin.get_throttles(["k"]) == {}


async def test_times_and_missing_values_come_back_as_they_went_in(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        put = Throttle(key="k", failures=3, first_failed_at=tx.now, blocked_until=None)
        await tx.signin.put_throttle(put)
    async with store.write() as tx:
        assert await tx.signin.get_throttles(["k", "other"]) == {"k": put}
        later = msgspec.structs.replace(put, failures=4, blocked_until=tx.now)
        await tx.signin.put_throttle(later)
        assert await tx.signin.get_throttles(["k"]) == {"k": later}
        await tx.signin.clear_throttle("k")
        assert await tx.signin.get_throttles(["k"]) == {}


@pytest.mark.real
async def test_after_a_restart_no_request_meets_a_connection_that_is_gone(postgresql_url: str) -> None:
    store = await open_store(postgresql_url, pool_size=5)
    await fill(store)

    async def look() -> None:
        async with store.read() as tx:
            assert await tx.people.get_tenant(CITY) is not None

    # As many at once as there are connections: all of them are open, and idle, afterwards.
    await asyncio.gather(*(look() for _ in range(5)))
    operator = make_engine(locate(postgresql_url), pool_size=0)
    async with operator.connect() as connection:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        await connection.execute(text(f"{kill} AND datname = current_database()"))
    await operator.dispose()
    await asyncio.gather(*(look() for _ in range(5)))
    await look()
    await store.close()
