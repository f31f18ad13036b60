"""Every pair of state and event of a session, one by one."""

import pytest

from broker.errors import ImpossibleTransition
from broker.lifecycle.session import LIVE_STATES, SESSION_STEPS, SessionEvent, SessionState
from broker.lifecycle.step import may_step, step

S, E = SessionState, SessionEvent

OVER = {E.ENDED: S.ENDED, E.FAILED: S.FAILED}
EXPECTED = {
    S.REQUESTED: {E.QUEUED: S.QUEUED, E.TICKET_ISSUED: S.TICKETED, **OVER},
    S.QUEUED: {E.ASSIGNED: S.REQUESTED, **OVER},
    S.TICKETED: {E.TICKET_ISSUED: S.TICKETED, E.ATTACHED: S.ACTIVE, E.DETACHED: S.DISCONNECTED, **OVER},
    S.ACTIVE: {
        E.TICKET_ISSUED: S.ACTIVE,
        E.ATTACHED: S.ACTIVE,
        E.LINE_LOST: S.PARKED,
        E.DETACHED: S.DISCONNECTED,
        **OVER,
    },
    S.PARKED: {E.TICKET_ISSUED: S.PARKED, E.ATTACHED: S.ACTIVE, E.DETACHED: S.DISCONNECTED, **OVER},
    S.DISCONNECTED: {E.TICKET_ISSUED: S.TICKETED, E.ATTACHED: S.ACTIVE, **OVER},
    S.ENDED: {},
    S.FAILED: {},
}


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_every_pair_of_state_and_event(state: SessionState, event: SessionEvent) -> None:
    after = EXPECTED[state].get(event)
    assert may_step(SESSION_STEPS, state, event) is (after is not None)
    if after is None:
        with pytest.raises(ImpossibleTransition, match=f"{state} does not take {event}"):
            step(SESSION_STEPS, state, event)
    else:
        assert step(SESSION_STEPS, state, event) is after


def test_live_is_everything_that_can_still_end() -> None:
    assert {state for state in S if may_step(SESSION_STEPS, state, E.ENDED)} == LIVE_STATES


def test_nothing_comes_back_from_the_end() -> None:
    assert not [pair for pair in SESSION_STEPS if pair[0] in {S.ENDED, S.FAILED}]


def test_nobody_is_active_without_a_ticket_first() -> None:
    ways_to_active = {before for (before, _), after in SESSION_STEPS.items() if after is S.ACTIVE}
    assert ways_to_active == {S.TICKETED, S.ACTIVE, S.PARKED, S.DISCONNECTED}
