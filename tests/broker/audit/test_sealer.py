"""The sealer at work, alone and beside others."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.audit import Sealer
from broker.errors import StoreUnavailable
from broker.settings import AuditSettings
from broker.store import SqlStore, open_store
from broker.store.engine import make_engine
from broker.store.location import locate
from tests.broker.audit.records import CITY, TOWN, Office, an_entry, append

_COPIED = "id + 9, tenant_id, at, event, version, actor, subject, outcome, address, detail"


@pytest.fixture
def office(store: SqlStore, tmp_path: Path) -> Office:
    return Office(store, tmp_path)


async def _seqs(store: SqlStore) -> list[int | None]:
    async with store.read() as tx:
        return [record.seq for record in await tx.audit.read_chain(CITY, 0, 10_000)]


async def test_each_tenant_has_a_chain_without_gaps(store: SqlStore, office: Office) -> None:
    await append(store, 5)
    await append(store, 3, TOWN)
    assert await office.sealer.seal_once() == 8
    await append(store, 2)
    assert await office.sealer.seal_once() == 2
    assert await office.sealer.seal_once() == 0
    assert await _seqs(store) == [1, 2, 3, 4, 5, 6, 7]
    report = await office.verify()
    assert report.is_sound
    assert [(chain.tenant_id, chain.records) for chain in report.chains] == [(CITY, 7), (TOWN, 3)]


async def test_more_than_one_batch_is_sealed_in_one_go(store: SqlStore, office: Office) -> None:
    async with store.write() as tx:
        for number in range(450):
            await tx.audit.append(an_entry(number))
    assert await office.sealer.seal_once() == 450
    assert await _seqs(store) == list(range(1, 451))
    assert (await office.verify()).is_sound


async def test_a_record_is_sealed_within_a_second_of_its_commit(store: SqlStore, office: Office) -> None:
    sealer = Sealer(store, office.key, office.anchor_path, AuditSettings())
    running = asyncio.ensure_future(sealer.run())
    lags_s: list[float] = []
    for _ in range(3):
        await append(store, 1)
        committed_at = time.monotonic()
        await _wait_until_sealed(store)
        lags_s.append(time.monotonic() - committed_at)
    assert min(lags_s) < 1.0, "a busy machine may be late once, not each time"
    await append(store, 4)
    sealer.stop()
    await running
    report = await office.verify()
    assert report.is_sound
    assert [(chain.records, chain.anchored_seq, chain.unsealed) for chain in report.chains] == [(7, 7, 0)]


async def test_the_sealer_outlives_faults_of_the_database(store: SqlStore, office: Office) -> None:
    failing = _FailsAtFirst(store)
    sealer = Sealer(failing, office.key, office.anchor_path, AuditSettings(seal_interval_s=0.01))
    running = asyncio.ensure_future(sealer.run())
    await append(store, 1)
    await _wait_until_sealed(store)
    sealer.stop()
    await running
    assert failing.failed == 3


async def test_checkpoints_are_signed_once_for_each_growth(store: SqlStore, office: Office) -> None:
    assert await office.sealer.sign_once() == 0
    await append(store, 2)
    await office.sealer.seal_once()
    assert await office.sealer.sign_once() == 1
    assert await office.sealer.sign_once() == 0
    await append(store, 1)
    await office.seal_and_sign()
    restarted = office.new_sealer(store)
    assert await restarted.sign_once() == 0
    assert len(office.anchor_path.read_text("ascii").splitlines()) == 2
    async with store.read() as tx:
        assert [it.seq for it in await tx.chain.list_checkpoints(CITY)] == [2, 3]


@pytest.mark.real
async def test_sealers_of_several_brokers_make_one_chain(
    postgresql_store: SqlStore, postgresql_url: str, tmp_path: Path
) -> None:
    office = Office(postgresql_store, tmp_path)
    brokers = [postgresql_store, *[await open_store(postgresql_url, pool_size=4) for _ in range(2)]]
    sealers = [office.new_sealer(broker) for broker in brokers]
    running = [asyncio.ensure_future(sealer.run()) for sealer in sealers]
    await asyncio.gather(*(append(broker, 40) for broker in brokers for _ in range(2)))
    for sealer in sealers:
        sealer.stop()
    await asyncio.gather(*running)
    await office.sealer.seal_once()
    assert await _seqs(postgresql_store) == list(range(1, 241))
    assert (await office.verify()).is_sound
    for broker in brokers[1:]:
        await broker.close()


@pytest.mark.real
async def test_a_record_that_commits_late_is_sealed_behind_those_that_overtook_it(
    postgresql_store: SqlStore, tmp_path: Path
) -> None:
    office = Office(postgresql_store, tmp_path)
    async with postgresql_store.write() as slow:
        await slow.audit.append(an_entry(1))
        await asyncio.create_task(append(postgresql_store, 2))
        assert await asyncio.create_task(office.sealer.seal_once()) == 2
    assert await office.sealer.seal_once() == 1
    async with postgresql_store.read() as tx:
        chain = await tx.audit.read_chain(CITY, 0, 10)
    assert [record.seq for record in chain] == [1, 2, 3]
    assert [record.id for record in chain] == [*sorted(record.id for record in chain)[1:], chain[2].id]
    assert (await office.verify()).is_sound


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_record SET actor = 'user:x' WHERE seq IS NULL",
        "UPDATE audit_record SET detail = '{}' WHERE seq = 1",
        "UPDATE audit_record SET seq = NULL WHERE seq = 1",
        "UPDATE audit_record SET record_hash = previous_hash WHERE seq = 1",
        "DELETE FROM audit_record WHERE seq = 1",
        "DELETE FROM audit_record WHERE seq IS NULL",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET seq = 9",
        f"INSERT INTO audit_record SELECT {_COPIED}, 9, previous_hash, record_hash FROM audit_record WHERE seq = 1",
        "UPDATE audit_record SET seq = 1 WHERE seq IS NULL",
        "UPDATE audit_head SET record_hash = (SELECT previous_hash FROM audit_record WHERE seq = 1)",
        "UPDATE audit_head SET seq = seq + 1",
        "UPDATE audit_head SET seq = 0",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT 'midori', seq, record_hash FROM audit_head",
    ],
)
async def test_the_database_itself_refuses_to_change_or_remove_a_record(
    store: SqlStore, office: Office, database_url: str, statement: str
) -> None:
    await append(store, 1)
    await office.seal_and_sign()
    await append(store, 1)
    engine = make_engine(locate(database_url), pool_size=0)
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="append-only"):
            await connection.execute(text(statement))
    await engine.dispose()


_REPLACED = "id, tenant_id, at, event, version, 'user:nobody', subject, outcome, address, detail"


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT OR REPLACE INTO audit_record SELECT {_REPLACED}, seq, previous_hash, record_hash FROM audit_record",
        f"INSERT OR REPLACE INTO audit_record SELECT {_REPLACED}, NULL, NULL, NULL FROM audit_record WHERE seq = 2",
        f"INSERT OR REPLACE INTO audit_record SELECT {_REPLACED}, NULL, NULL, NULL FROM audit_record WHERE seq IS NULL",
        "UPDATE OR REPLACE audit_record SET seq = 2 WHERE seq IS NULL",
        "UPDATE OR REPLACE audit_record SET id = 1 WHERE seq IS NULL",
        "INSERT OR REPLACE INTO audit_head SELECT tenant_id, 1, record_hash FROM audit_head",
        "INSERT OR REPLACE INTO audit_head SELECT tenant_id, 0, record_hash FROM audit_head",
        "INSERT OR REPLACE INTO audit_checkpoint SELECT * FROM audit_checkpoint",
        "UPDATE OR REPLACE audit_checkpoint SET seq = 2",
    ],
)
async def test_sqlite_puts_nothing_in_the_place_of_a_record(
    sqlite_store: SqlStore, sqlite_url: str, tmp_path: Path, statement: str
) -> None:
    """REPLACE fires no trigger for the row that it removes. Records that no anchor vouches for yet are safe too."""
    office = Office(sqlite_store, tmp_path)
    await append(sqlite_store, 1)
    await office.seal_and_sign()
    await append(sqlite_store, 1)
    await office.sealer.seal_once()
    await append(sqlite_store, 1)
    engine = make_engine(locate(sqlite_url), pool_size=0)
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="append-only"):
            await connection.execute(text(statement))
    await engine.dispose()


async def test_records_are_anchored_within_seconds_and_a_quiet_chain_costs_no_line(
    store: SqlStore, office: Office
) -> None:
    settings = AuditSettings(seal_interval_s=0.02, checkpoint_interval_s=0.1)
    sealer = Sealer(store, office.key, office.anchor_path, settings)
    running = asyncio.ensure_future(sealer.run())
    await append(store, 1)
    await _wait_until(lambda: _lines(office) == 1)
    await append(store, 1)
    await _wait_until(lambda: _lines(office) == 2)
    quiet_until = time.monotonic() + 0.5
    await _wait_until(lambda: time.monotonic() > quiet_until)
    sealer.stop()
    await running
    assert _lines(office) == 2
    longest = max(len(line) for line in office.anchor_path.read_bytes().splitlines(keepends=True))
    assert longest <= 250, "the note of checkpoint_interval_s tells how fast the file grows"
    assert AuditSettings().checkpoint_interval_s <= 5


def _lines(office: Office) -> int:
    return len(office.anchor_path.read_bytes().splitlines()) if office.anchor_path.exists() else 0


async def _wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def _wait_until_sealed(store: SqlStore) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        async with store.read() as tx:
            if await tx.audit.count_unsealed(CITY) == 0:
                return
        await asyncio.sleep(0.01)
    raise AssertionError("records were not sealed")


class _FailsAtFirst(SqlStore):
    """The first three transactions find no database."""

    def __init__(self, store: SqlStore) -> None:
        self.__dict__.update(store.__dict__)
        self.failed = 0

    def read(self):  # type: ignore[no-untyped-def]  # the same as the parent's
        if self.failed < 3:
            self.failed += 1
            raise StoreUnavailable("no answer")
        return super().read()
