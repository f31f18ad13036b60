"""Events on disk: nothing is lost, nothing is counted twice."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.model.ids import AttachmentId, SessionId
from broker.wire.messages import EventKind, GatewayEvent
from gateway import spool as spool_module
from gateway.spool import EventSpool


def make_event(spool: EventSpool, **detail: str) -> GatewayEvent:
    return GatewayEvent(
        number=spool.next_number,
        kind=EventKind.ATTACHED,
        session_id=SessionId("s"),
        attachment_id=AttachmentId("a"),
        at=datetime(2026, 4, 1, tzinfo=UTC),
        detail=detail,
    )


def numbers(spool: EventSpool) -> list[int]:
    return [event.number for event in spool.waiting()]


def test_numbers_go_on_over_restarts_and_acknowledgements(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path)
    for _ in range(3):
        spool.append(make_event(spool))
    spool.acknowledge(2)
    spool.close()
    again = EventSpool(tmp_path)
    assert again.epoch == spool.epoch
    # the acknowledgement of part of them need not be on disk: the broker says again what it has
    assert numbers(again)[-1] == 3
    again.acknowledge(3)
    again.close()
    third = EventSpool(tmp_path)
    assert numbers(third) == []
    assert third.next_number == 4
    third.close()


def test_a_line_that_was_cut_short_is_dropped_alone(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path)
    for _ in range(2):
        spool.append(make_event(spool))
    spool.close()
    file = tmp_path / "events.jsonl"
    whole = file.read_bytes()
    for cut in range(1, 60):
        file.write_bytes(whole[:-cut])
        again = EventSpool(tmp_path)
        assert numbers(again)[:1] == [1]
        assert again.next_number == len(numbers(again)) + 1
        again.append(make_event(again))
        again.close()
        third = EventSpool(tmp_path)
        assert numbers(third) == list(range(1, third.next_number))
        third.close()


def test_a_broker_that_is_ahead_sets_the_number(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path)
    spool.acknowledge(7)
    assert spool.next_number == 8
    spool.close()


def test_the_file_does_not_grow_without_end(tmp_path: Path) -> None:
    spool = EventSpool(tmp_path)
    for _ in range(2000):
        spool.append(make_event(spool, text="x" * 400))
        spool.acknowledge(spool.next_number - 2)
    assert (tmp_path / "events.jsonl").stat().st_size < 2 * spool_module.COMPACT_ABOVE_BYTES
    assert len(numbers(spool)) == 1
    spool.close()


async def test_a_full_disk_costs_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = EventSpool(tmp_path)

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "write", refuse)
        spool.append(make_event(spool))
        spool.acknowledge(0)
        await spool.sync()
    assert numbers(spool) == [1]
    spool.append(make_event(spool))
    assert numbers(spool) == [1, 2]
    spool.close()


@pytest.mark.parametrize("content", [b"something else\n", b'{"epoch": 1}\n'])
def test_a_file_that_is_no_spool_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "events.jsonl").write_bytes(content)
    with pytest.raises(ConfigurationError, match="not an event spool"):
        EventSpool(tmp_path)
    assert (tmp_path / "events.jsonl").read_bytes() == content


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    EventSpool(tmp_path / "spool").close()
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "spool/events.jsonl").stat().st_mode & 0o777 == 0o600
