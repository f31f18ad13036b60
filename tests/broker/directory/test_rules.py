"""What is added, changed and gone after an answer, for every answer that a directory could give."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.directory.rules import BELIEVED_AFTER, RETRY_S, Rhythm, compare, doubt_of, due_round, next_time
from broker.model.directory import (
    Absence,
    DirectoryState,
    Doubt,
    ListedGroup,
    ListedPerson,
    SyncKind,
    SyncPhase,
)
from broker.model.ids import TenantId

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
RHYTHM = Rhythm(changes_s=600, full_s=21_600)
IDS = st.sampled_from(["e1", "e2", "e3", "e4"])
NAMES = st.sampled_from(["山田 太郎", "髙橋", "高橋", "ア", "ｱ", "e\u0301", "é"])


def a_person(entry_id: str, name: str, group: str) -> ListedPerson:
    return ListedPerson(
        entry_id=entry_id, login=entry_id, display_name=name, department="市民課", groups=frozenset({group})
    )


PEOPLE = st.builds(a_person, IDS, NAMES, NAMES)
GROUPS = st.builds(lambda entry_id, name: ListedGroup(entry_id=f"g{entry_id}", name=name), IDS, NAMES)


def kept_after(
    people: list[ListedPerson],
    groups: list[ListedGroup],
    kept: dict[str, ListedPerson | None],
    kept_groups: dict[str, str | None],
) -> tuple[dict[str, ListedPerson | None], dict[str, str | None]]:
    compared = compare(people, groups, kept, kept_groups)
    return (
        kept | {one.entry_id: one for one in compared.people},
        kept_groups | {one.entry_id: one.name for one in compared.groups},
    )


@given(
    st.lists(PEOPLE),
    st.lists(GROUPS),
    st.dictionaries(IDS, PEOPLE | st.none()),
    st.dictionaries(IDS.map("g{}".format), NAMES | st.none()),
)
def test_what_was_read_is_kept_exactly_and_nothing_else_is_touched(
    people: list[ListedPerson],
    groups: list[ListedGroup],
    kept: dict[str, ListedPerson | None],
    kept_groups: dict[str, str | None],
) -> None:
    kept = {key: one and a_person(key, one.display_name, next(iter(one.groups))) for key, one in kept.items()}
    compared = compare(people, groups, kept, kept_groups)
    after, after_groups = kept_after(people, groups, kept, kept_groups)
    assert after == kept | {one.entry_id: one for one in people}
    assert after_groups == kept_groups | {one.entry_id: one.name for one in groups}
    seen = {one.entry_id for one in people} | {one.entry_id for one in groups}
    written = {one.entry_id for one in compared.people} | {one.entry_id for one in compared.groups}
    assert compared.same | written == seen
    assert not compared.same & written
    assert compared.added + compared.changed == len(written)
    # A second time there is nothing to write.
    again = compare(people, groups, after, after_groups)
    assert (again.people, again.groups, again.added, again.changed) == ((), (), 0, 0)


@given(st.integers(0, 20_000), st.data())
def test_an_answer_without_many_is_never_believed_at_once(known: int, data: st.DataObject) -> None:
    missing = data.draw(st.integers(0, known))
    doubt = doubt_of(Absence(known=known, missing=missing), None, 7, NOW)
    is_much = missing > max(5, known * 0.2) or 0 < missing == known
    assert (doubt is not None) == is_much
    if doubt is not None:
        assert (doubt.round, doubt.since, doubt.known, doubt.missing) == (7, NOW, known, missing)


@given(st.integers(1, 20_000), st.data())
def test_more_than_half_is_never_believed_without_the_desk(known: int, data: st.DataObject) -> None:
    missing = data.draw(st.integers(known // 2 + 1, known))
    before = Doubt(round=1, since=NOW - timedelta(days=365), known=known, missing=missing)
    is_few = missing <= 5 and missing < known
    assert (doubt_of(Absence(known=known, missing=missing), before, 9, NOW) is None) == is_few


def test_less_than_half_is_believed_when_nothing_else_came_for_a_day() -> None:
    absence = Absence(known=1000, missing=400)
    first = doubt_of(absence, None, 1, NOW)
    assert first is not None
    later = NOW + BELIEVED_AFTER - timedelta(seconds=1)
    second = doubt_of(absence, first, 2, later)
    assert second is not None
    assert second.since == NOW
    assert doubt_of(absence, second, 3, NOW + BELIEVED_AFTER) is None


def test_groups_that_vanish_are_doubted_like_people() -> None:
    absence = Absence(known=1000, missing=0, known_groups=80, missing_groups=80)
    doubt = doubt_of(absence, None, 1, NOW)
    assert doubt is not None
    assert doubt.missing_groups == 80


def a_state(**changes: object) -> DirectoryState:
    fields: dict[str, object] = {
        "tenant_id": TenantId("aoba"),
        "directory": "directory",
        "server": "dc1",
        "mark": "100",
        "full_at": NOW - timedelta(hours=1),
        "next_at": NOW + timedelta(minutes=5),
    }
    return DirectoryState(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def test_what_is_due() -> None:
    assert due_round(a_state(), NOW, RHYTHM) is None
    assert due_round(a_state(next_at=NOW), NOW, RHYTHM) is SyncKind.CHANGES
    assert due_round(a_state(next_at=NOW, mark=""), NOW, RHYTHM) is SyncKind.FULL
    assert due_round(a_state(next_at=NOW, full_at=NOW - timedelta(hours=6)), NOW, RHYTHM) is SyncKind.FULL
    assert due_round(a_state(next_at=None, full_at=None), NOW, RHYTHM) is SyncKind.FULL
    assert due_round(a_state(asked=SyncKind.CHANGES), NOW, RHYTHM) is SyncKind.CHANGES
    assert due_round(a_state(asked=SyncKind.FULL), NOW, RHYTHM) is SyncKind.FULL


def test_a_round_that_was_cut_off_is_begun_anew() -> None:
    for kind in SyncKind:
        assert due_round(a_state(phase=SyncPhase.READING, kind=kind), NOW, RHYTHM) is kind


def test_after_a_failure_it_is_tried_again_soon() -> None:
    assert next_time(NOW, RHYTHM, has_failed=True) == NOW + timedelta(seconds=RETRY_S)
    assert next_time(NOW, RHYTHM, has_failed=False) == NOW + timedelta(seconds=600)
    quick = Rhythm(changes_s=5, full_s=60)
    assert next_time(NOW, quick, has_failed=True) == NOW + timedelta(seconds=5)
