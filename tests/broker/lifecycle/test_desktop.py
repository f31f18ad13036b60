"""Every pair of state and event of a desktop, one by one."""

from collections import deque

import pytest

from broker.errors import ImpossibleTransition
from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent, DesktopState
from broker.lifecycle.step import may_step, step

S, E = DesktopState, DesktopEvent

EXPECTED = {
    S.ABSENT: {E.START_ORDERED: S.STARTING, E.RETIRED: S.RETIRED},
    S.STARTING: {E.CAME_UP: S.READY, E.FAILED: S.FAULTY, E.LOST: S.ABSENT},
    S.READY: {E.RESERVED: S.RESERVED, E.FAILED: S.FAULTY, E.LOST: S.ABSENT, E.DRAIN_ORDERED: S.DRAINING},
    S.RESERVED: {E.ATTACHED: S.IN_USE, E.RELEASED: S.RESETTING, E.LOST: S.ABSENT, E.FAILED: S.FAULTY},
    S.IN_USE: {E.ATTACHED: S.IN_USE, E.RELEASED: S.RESETTING, E.LOST: S.ABSENT, E.FAILED: S.FAULTY},
    S.RESETTING: {E.CAME_CLEAN: S.READY, E.CAME_TO_REST: S.STOPPED, E.FAILED: S.FAULTY, E.LOST: S.ABSENT},
    S.STOPPED: {E.START_ORDERED: S.STARTING, E.LOST: S.ABSENT, E.RETIRED: S.RETIRED},
    S.DRAINING: {E.DRAINED: S.STOPPED, E.LOST: S.ABSENT},
    S.FAULTY: {E.REPAIR_ORDERED: S.ABSENT, E.RETIRED: S.RETIRED},
    S.RETIRED: {},
}


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_every_pair_of_state_and_event(state: DesktopState, event: DesktopEvent) -> None:
    after = EXPECTED[state].get(event)
    assert may_step(DESKTOP_STEPS, state, event) is (after is not None)
    if after is None:
        with pytest.raises(ImpossibleTransition, match=f"{state} does not take {event}"):
            step(DESKTOP_STEPS, state, event)
    else:
        assert step(DESKTOP_STEPS, state, event) is after


def test_a_person_only_ever_gets_a_desktop_that_was_ready() -> None:
    assert {before for (before, _), after in DESKTOP_STEPS.items() if after is S.RESERVED} == {S.READY}


def test_a_used_desktop_is_never_ready_again_without_a_clean_up_or_a_new_start() -> None:
    ways_to_ready = {before for (before, _), after in DESKTOP_STEPS.items() if after is S.READY}
    assert ways_to_ready == {S.STARTING, S.RESETTING}


def test_from_every_state_but_retired_a_desktop_can_become_ready() -> None:
    for start in set(S) - {S.RETIRED}:
        assert S.READY in _reachable(start)
    assert _reachable(S.RETIRED) == {S.RETIRED}


def _reachable(start: DesktopState) -> set[DesktopState]:
    seen, todo = {start}, deque([start])
    while todo:
        state = todo.popleft()
        for (before, _), after in DESKTOP_STEPS.items():
            if before is state and after not in seen:
                seen.add(after)
                todo.append(after)
    return seen
