"""What is remembered of a server."""

from datetime import UTC, datetime, timedelta

from auth.ldap_health import HealthRecord
from broker.model.directory_health import ServerState

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_a_state_lasts_from_its_first_answer_or_fault_to_the_next_other_one() -> None:
    clock = Clock()
    record = HealthRecord("city", "dc1:636", clock)
    assert record.tell(in_flight=0, max_threads=8).state is ServerState.UNASKED
    for minute, is_fault in ((1, False), (2, False), (3, True), (4, True), (5, False)):
        clock.now = NOW + timedelta(minutes=minute)
        if is_fault:
            record.note_fault(f"fault of minute {minute}")
        else:
            record.note_answer(0.01)
    told = record.tell(in_flight=0, max_threads=8)
    assert (told.state, told.since) == (ServerState.UP, NOW + timedelta(minutes=5))
    assert (told.requests, told.faults) == (5, 2)
    # The last fault is told even when it is over.
    assert (told.last_fault, told.last_fault_at) == ("fault of minute 4", NOW + timedelta(minutes=4))


def test_times_are_of_the_last_five_minutes() -> None:
    clock = Clock()
    record = HealthRecord("city", "dc1:636", clock)
    record.note_answer(60)
    clock.now += timedelta(minutes=5, seconds=1)
    assert record.tell(in_flight=0, max_threads=8).median_ms is None
    for milliseconds in range(1, 201):
        record.note_answer(milliseconds / 1000)
    told = record.tell(in_flight=0, max_threads=8)
    assert (told.recent, told.median_ms, told.p99_ms) == (200, 100.0, 198.0)


def test_who_waits_for_a_thread_is_not_counted_as_having_one() -> None:
    told = HealthRecord("city", "dc1:636").tell(in_flight=11, max_threads=8)
    assert (told.busy_threads, told.waiting) == (8, 3)


def test_a_fault_in_a_thousand_words_is_kept_in_a_few() -> None:
    record = HealthRecord("city", "dc1:636")
    record.note_fault("x" * 100_000)
    assert len(record.tell(in_flight=0, max_threads=8).last_fault) == 300
