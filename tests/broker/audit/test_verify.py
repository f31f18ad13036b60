"""Verification of a real database after somebody was at it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from broker.audit import CheckpointKey, FindingKind, VerifyReport, verify
from broker.audit.anchor import AnchorFile
from broker.audit.chain import seal_records
from broker.audit.records import ChainHead
from broker.errors import ConfigurationError
from broker.store import SqlStore, open_store
from tests.broker.audit.records import CITY, THEN, TOWN, Office, append, tamper


@pytest.fixture
async def office(store: SqlStore, tmp_path: Path) -> Office:
    """Ten records of the city and three of the town, sealed and anchored."""
    office = Office(store, tmp_path)
    await append(store, 10)
    await append(store, 3, TOWN)
    await office.seal_and_sign()
    assert (await office.verify()).is_sound
    return office


def _found(report: VerifyReport) -> list[tuple[FindingKind, int | None]]:
    return [(finding.kind, finding.seq) for finding in report.all_findings]


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'user:somebody-else'",
        "subject = 'session:0'",
        "event = 'session.closed'",
        "outcome = 'refused'",
        "address = '198.51.100.1'",
        "detail = '{}'",
        "version = 2",
        "at = '2020-01-01 00:00:00.000000'",
    ],
)
async def test_a_changed_row_is_found(office: Office, database_url: str, change: str) -> None:
    await tamper(database_url, f"UPDATE audit_record SET {change} WHERE tenant_id = 'aoba' AND seq = 4")
    report = await office.verify()
    assert _found(report) == [(FindingKind.RECORD_CHANGED, 4)]
    assert report.first_bad_seq(CITY) == 4
    assert report.first_bad_seq(TOWN) is None


async def test_a_removed_row_is_found(office: Office, database_url: str) -> None:
    await tamper(database_url, "DELETE FROM audit_record WHERE tenant_id = 'aoba' AND seq = 4")
    assert _found(await office.verify()) == [(FindingKind.RECORD_MISSING, 4)]


@pytest.mark.parametrize("kept", [0, 6, 9])
async def test_a_cut_tail_is_found_though_head_and_checkpoints_were_cut_with_it(
    office: Office, database_url: str, kept: int
) -> None:
    on_table = " ON audit_checkpoint" if database_url.startswith("postgresql") else ""
    await tamper(
        database_url,
        f"DELETE FROM audit_record WHERE tenant_id = 'aoba' AND seq > {kept}",
        f"DROP TRIGGER audit_checkpoint_change{on_table}",
        "DROP TRIGGER IF EXISTS audit_checkpoint_removal" if not on_table else "SELECT 1",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT tenant_id, seq, record_hash FROM audit_record "
        f"WHERE tenant_id = 'aoba' AND seq = {kept}",
    )
    assert (FindingKind.TAIL_CUT, kept + 1) in _found(await office.verify())


async def test_a_chain_that_was_written_anew_contradicts_its_anchor(
    store: SqlStore, office: Office, database_url: str
) -> None:
    async with store.read() as tx:
        chain = await tx.audit.read_chain(CITY, 0, 100)
    forged = list(seal_records(ChainHead(), [msgspec.structs.replace(it, actor="user:nobody") for it in chain]))
    rewrite = "UPDATE audit_record SET actor = 'user:nobody', previous_hash = :p, record_hash = :h"
    for record in forged:
        await tamper(
            database_url,
            f"{rewrite} WHERE id = {record.id}",
            p=record.previous_hash,
            h=record.record_hash,
        )
    await tamper(
        database_url, "UPDATE audit_head SET record_hash = :h WHERE tenant_id = 'aoba'", h=forged[-1].record_hash
    )
    report = await office.verify()
    assert set(_found(report)) == {(FindingKind.ANCHOR_CONTRADICTED, 10)}


async def test_a_forged_checkpoint_neither_vouches_nor_goes_unseen(office: Office, tmp_path: Path) -> None:
    CheckpointKey.create(tmp_path / "stranger.key")
    stranger = CheckpointKey.load(tmp_path / "stranger.key")
    AnchorFile(office.anchor_path).append([stranger.sign(CITY, ChainHead(99, bytes(32)), THEN)])
    report = await office.verify()
    assert _found(report) == [(FindingKind.ANCHOR_FORGED, 99)]
    assert [chain.anchored_seq for chain in report.chains] == [10, 3]
    await append(office.store, 1)
    await office.sealer.seal_once()
    assert await office.new_sealer(office.store).sign_once() == 1, "a forged line stops no later checkpoint"


async def test_an_anchor_file_that_was_cut_removed_or_damaged_is_found(office: Office) -> None:
    whole = office.anchor_path.read_text("ascii")
    office.anchor_path.write_text("nonsense\n" + whole.splitlines()[0] + "\n", "ascii")
    assert {kind for kind, _ in _found(await office.verify())} == {
        FindingKind.ANCHOR_UNREADABLE,
        FindingKind.ANCHOR_CUT,
    }
    office.anchor_path.unlink()
    assert _found(await office.verify()) == [(FindingKind.ANCHOR_CUT, None)] * 2
    office.anchor_path.mkdir()
    with pytest.raises(ConfigurationError, match="can't be read"):
        await office.verify()


async def test_a_record_that_nobody_seals_is_told_after_a_while(store: SqlStore, office: Office) -> None:
    await append(store, 1)
    report = await office.verify()
    assert report.is_sound
    assert [chain.unsealed for chain in report.chains] == [1, 0]
    store.shift_clock(timedelta(seconds=61))
    assert _found(await office.verify()) == [(FindingKind.UNSEALED_TOO_LONG, None)]


async def test_a_seal_that_was_taken_off_is_found(office: Office, database_url: str) -> None:
    unseal = "UPDATE audit_record SET seq = NULL, previous_hash = NULL, record_hash = NULL"
    await tamper(database_url, f"{unseal} WHERE tenant_id = 'aoba' AND seq = 4")
    assert (FindingKind.RECORD_MISSING, 4) in _found(await office.verify())


async def test_a_database_in_use_verifies_from_beside_it(office: Office, database_url: str) -> None:
    auditor = await open_store(database_url, is_read_only=True)
    running = asyncio.ensure_future(office.sealer.run())
    busy = [asyncio.ensure_future(append(office.store, 60)) for _ in range(3)]
    checks = 0
    while not all(task.done() for task in busy):
        report = await verify(auditor, keys=[office.key.verifying_key], anchor_paths=[office.anchor_path])
        assert report.is_sound, report
        checks += 1
    office.sealer.stop()
    await running
    assert checks > 1
    assert [chain.records for chain in (await office.verify()).chains] == [190, 3]
    await auditor.close()


async def test_two_brokers_anchors_are_read_together(office: Office, tmp_path: Path) -> None:
    """Each broker keeps its own anchor file; the checkpoints of both are in the database."""
    other = Office(office.store, tmp_path / "second")
    other.key = office.key
    other.sealer = other.new_sealer(office.store)
    await append(office.store, 2)
    await other.seal_and_sign()
    assert (FindingKind.ANCHOR_CUT, None) in _found(await office.verify())
    paths = [office.anchor_path, other.anchor_path]
    assert (await verify(office.store, keys=[office.key.verifying_key], anchor_paths=paths)).is_sound


async def test_an_empty_database_is_sound(sqlite_store: SqlStore, tmp_path: Path) -> None:
    report = await Office(sqlite_store, tmp_path).verify()
    assert report.is_sound
    assert report.chains == ()
