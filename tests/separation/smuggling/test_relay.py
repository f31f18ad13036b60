"""A hostile browser and a hostile guacd against the relay: nothing ungranted crosses, in no direction."""

import asyncio
from collections import Counter

import pytest

from gateway.filters import streams
from gateway.filters.browser import BrowserFilter
from gateway.filters.picture import PictureFilter
from gateway.filters.streams import StreamTable
from tests.separation.ledger import IS_FULL, Ledger
from tests.separation.smuggling.attempt import attempt
from tests.separation.smuggling.cases import (
    GRANT_SETS,
    OPCODES,
    Case,
    Direction,
    Form,
    Part,
    Split,
    State,
    all_cases,
    choose,
)

REDUCED = 1_500
COUNT = 1_000_000 if IS_FULL else REDUCED
_TURN = 200


@pytest.mark.timeout(900)
async def test_nothing_ungranted_crosses(ledger: Ledger) -> None:
    cases = choose(COUNT)
    finds: list[str] = []
    outcomes: Counter[str] = Counter()
    sent: set[int] = set()
    for number, case in enumerate(cases):
        verdict, wire = attempt(case)
        sent.add(hash((case.direction, case.granted, case.is_drawn, wire)))
        finds += [f"{find}: {case.describe()}" for find in verdict.finds]
        outcomes["granted content crossed"] += verdict.has_crossed
        outcomes["ended with a reason" if verdict.has_ended else "went on"] += 1
        if number % _TURN == 0:
            await asyncio.sleep(0)
    kinds = {
        (case.opcode, case.state, case.split, case.direction, case.granted, case.form, case.part) for case in cases
    }
    ledger.record(
        "smuggling", "relay", paths=len(cases), finds=finds, kinds=len(kinds), distinct_on_the_wire=len(sent),
        outcomes=outcomes,
    )  # fmt: skip
    assert finds[:20] == []
    assert len(kinds) == len(cases), "a case is counted twice"
    assert outcomes["granted content crossed"] > len(cases) // 100, "a relay that lets nothing through proves nothing"


def test_there_are_enough_cases_and_few_of_them_show_all_kinds() -> None:
    everything = list(all_cases())
    assert len(everything) == len(set(everything)) > 100_000
    few = choose(REDUCED)
    assert len(few) == len(set(few)) == REDUCED
    assert {case.direction for case in few} == set(Direction)
    assert {case.opcode for case in few} == set(OPCODES)
    assert {case.state for case in few} == set(State)
    assert {case.split for case in few} == set(Split)
    assert {case.granted for case in few} == set(GRANT_SETS)
    assert {case.form for case in few} == {None, *Form}
    assert {case.part for case in few} == {None, *Part}


@pytest.mark.parametrize(
    "direction, opcode, granted",
    [
        (Direction.INWARD, "clipboard", "clipboard_in"),
        (Direction.INWARD, "file", "file_in"),
        (Direction.INWARD, "audio", "microphone"),
        (Direction.OUTWARD, "clipboard", "clipboard_out"),
        (Direction.OUTWARD, "file", "file_out"),
        (Direction.OUTWARD, "audio", "audio_out"),
    ],
)
async def test_what_is_granted_does_cross(direction: Direction, opcode: str, granted: str) -> None:
    case = Case(
        direction=direction, opcode=opcode, state=State.PLAIN, split=Split.TOGETHER, granted=frozenset({granted})
    )
    verdict, _ = attempt(case)
    assert verdict.finds == []
    assert verdict.has_crossed
    assert not verdict.has_ended


@pytest.mark.parametrize(
    "place, name, broken",
    [
        (streams, "is_granted", lambda _need, _mimetype, _grants: True),
        (StreamTable, "state_of", lambda _self, _index: True),
        (PictureFilter, "_is_drawing", lambda _self, _opcode, _raw: True),
        (PictureFilter, "_ack", lambda _self, _elements: True),
        (PictureFilter, "_set", lambda _self, _elements: True),
        (PictureFilter, "_error", lambda _self, _elements: True),
        (BrowserFilter, "_ack", lambda _self, _elements: None),
        (BrowserFilter, "_blob", lambda _self, _elements: None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_hole_in_the_filters_is_found(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, broken: object
) -> None:
    monkeypatch.setattr(place, name, broken)
    assert any(attempt(case)[0].finds for case in choose(REDUCED))
