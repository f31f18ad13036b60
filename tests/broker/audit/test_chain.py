"""The chain by itself: whatever is changed is found."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from broker.audit.chain import canonical_bytes, hash_record, seal_records
from broker.audit.records import ChainHead, FindingKind
from broker.audit.rules import check_chain
from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from tests.broker.audit.records import CITY, THEN, a_record

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
records = st.builds(
    AuditRecord,
    tenant_id=texts.map(TenantId),
    id=st.integers(0, 2**62),
    at=st.integers(0, 10**15).map(lambda us: THEN + timedelta(microseconds=us)),
    event=texts,
    version=st.integers(0, 100),
    actor=texts,
    subject=texts,
    outcome=texts,
    address=texts,
    detail=st.dictionaries(texts, texts, max_size=4),
    seq=st.none(),
    previous_hash=st.none(),
    record_hash=st.none(),
)
FIELDS = ("tenant_id", "id", "at", "event", "version", "actor", "subject", "outcome", "address", "detail")
SEAL = ("previous_hash", "record_hash")


def _chain(length: int) -> list[AuditRecord]:
    return list(seal_records(ChainHead(), [a_record(number) for number in range(1, length + 1)]))


def _kinds(chain: list[AuditRecord], head: ChainHead | None = None) -> list[tuple[FindingKind, int | None]]:
    report = check_chain(CITY, chain, stored_head=head)
    return [(finding.kind, finding.seq) for finding in report.findings]


@given(records, records)
def test_records_that_differ_have_different_bytes(one: AuditRecord, other: AuditRecord) -> None:
    assert (canonical_bytes(one) == canonical_bytes(other)) == (one == other)


@given(records, records, st.sampled_from(FIELDS), st.integers(0, 4))
def test_a_change_of_any_field_of_any_record_is_found_where_it_is(
    one: AuditRecord, other: AuditRecord, field: str, place: int
) -> None:
    assume(getattr(one, field) != getattr(other, field))
    plain = [a_record(number) for number in range(1, 5)]
    plain.insert(place, one)
    chain = list(seal_records(ChainHead(), plain))
    chain[place] = msgspec.structs.replace(chain[place], **{field: getattr(other, field)})
    assert _kinds(chain) == [(FindingKind.RECORD_CHANGED, place + 1)]


@given(st.integers(0, 4), st.sampled_from(SEAL), st.binary(min_size=32, max_size=32))
def test_a_change_of_any_hash_is_found(place: int, field: str, value: bytes) -> None:
    chain = _chain(5)
    assume(getattr(chain[place], field) != value)
    chain[place] = msgspec.structs.replace(chain[place], **{field: value})
    found = {seq for _, seq in _kinds(chain)}
    assert place + 1 in found
    assert found <= {place + 1, place + 2}


@given(st.lists(records, max_size=6))
def test_an_untouched_chain_is_sound(plain: list[AuditRecord]) -> None:
    chain = list(seal_records(ChainHead(), plain))
    head = ChainHead(len(chain), chain[-1].record_hash or b"") if chain else ChainHead()
    report = check_chain(CITY, chain, stored_head=head)
    assert report.findings == ()
    assert report.records == report.last_seq == len(plain)


def test_sealing_goes_on_where_the_last_batch_ended() -> None:
    plain = [a_record(number) for number in range(1, 8)]
    first = list(seal_records(ChainHead(), plain[:3]))
    head = ChainHead(3, first[-1].record_hash or b"")
    assert [*first, *seal_records(head, plain[3:])] == list(seal_records(ChainHead(), plain))


@pytest.mark.parametrize("place", range(4))
def test_a_removed_record_is_found_where_it_was(place: int) -> None:
    chain = _chain(5)
    del chain[place]
    assert _kinds(chain) == [(FindingKind.RECORD_MISSING, place + 1)]


def test_a_removed_record_behind_which_the_rest_was_renumbered_is_found() -> None:
    chain = _chain(5)
    del chain[2]
    chain = [msgspec.structs.replace(record, seq=number) for number, record in enumerate(chain, 1)]
    assert _kinds(chain) == [(FindingKind.LINK_BROKEN, 3)]


def test_two_records_that_changed_places_are_found() -> None:
    chain = _chain(5)
    chain[1], chain[2] = msgspec.structs.replace(chain[2], seq=2), msgspec.structs.replace(chain[1], seq=3)
    assert (FindingKind.LINK_BROKEN, 2) in _kinds(chain)


def test_a_changed_record_with_a_fresh_hash_breaks_the_link_to_the_next() -> None:
    chain = _chain(5)
    changed = msgspec.structs.replace(chain[2], actor="user:somebody-else")
    chain[2] = msgspec.structs.replace(changed, record_hash=hash_record(changed.previous_hash or b"", changed))
    assert _kinds(chain) == [(FindingKind.LINK_BROKEN, 4)]


def test_a_cut_tail_is_told_by_the_head_that_stayed() -> None:
    chain = _chain(5)
    assert _kinds(chain[:3], ChainHead(5, chain[4].record_hash or b"")) == [(FindingKind.TAIL_CUT, 4)]


def test_a_seal_that_was_taken_off_is_found() -> None:
    chain = _chain(3)
    chain[1] = msgspec.structs.replace(chain[1], record_hash=None)
    assert (FindingKind.RECORD_CHANGED, 2) in _kinds(chain)


def test_every_finding_says_what_it_means() -> None:
    chain = _chain(5)
    del chain[2]
    for finding in check_chain(CITY, chain).findings:
        assert "removed from the middle" in finding.meaning
        assert finding.place
