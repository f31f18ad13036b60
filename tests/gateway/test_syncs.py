from gateway.filters.syncs import MAX_UNACKNOWLEDGED, Answer, SyncLedger


def test_only_what_was_sent_is_current() -> None:
    ledger = SyncLedger()
    assert ledger.answer(0) is Answer.FUTURE
    for timestamp in (10, 20, 20, 30):
        ledger.note_sent(timestamp)
    assert ledger.answer(15) is Answer.STALE
    assert ledger.answer(20) is Answer.CURRENT
    assert ledger.answer(20) is Answer.CURRENT
    assert ledger.answer(10) is Answer.STALE
    assert ledger.answer(31) is Answer.FUTURE
    assert ledger.answer(30) is Answer.CURRENT


def test_memory_is_bounded() -> None:
    ledger = SyncLedger()
    for timestamp in range(3 * MAX_UNACKNOWLEDGED):
        ledger.note_sent(timestamp)
    assert ledger.answer(1) is Answer.STALE
    assert ledger.answer(3 * MAX_UNACKNOWLEDGED - 1) is Answer.CURRENT
