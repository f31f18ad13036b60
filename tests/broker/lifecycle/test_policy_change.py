"""Every pair of state and event of a change of rules, and any walk through them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.lifecycle.policy_change import CHANGE_STEPS, OVER_STATES, ChangeEvent, ChangeState
from broker.lifecycle.step import may_step, step

S, E = ChangeState, ChangeEvent
EXPECTED = {
    S.REQUESTED: {E.APPROVED: S.APPROVED, E.REJECTED: S.REJECTED, E.WITHDRAWN: S.WITHDRAWN, E.EXPIRED: S.EXPIRED},
    S.APPROVED: {E.REVOKED: S.REVOKED, E.EXPIRED: S.EXPIRED, E.REPLACED: S.REPLACED},
}


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("state", S)
def test_every_pair_of_state_and_event(state: ChangeState, event: ChangeEvent) -> None:
    after = EXPECTED.get(state, {}).get(event)
    assert may_step(CHANGE_STEPS, state, event) is (after is not None)
    if after is not None:
        assert step(CHANGE_STEPS, state, event) is after


@given(st.lists(st.sampled_from(E), max_size=12))
def test_whatever_happens_it_is_approved_once_at_most_and_never_after_it_was_over(events: list[ChangeEvent]) -> None:
    state, approvals = S.REQUESTED, 0
    for event in events:
        if not may_step(CHANGE_STEPS, state, event):
            continue
        assert state not in OVER_STATES
        state = step(CHANGE_STEPS, state, event)
        approvals += event is E.APPROVED
    assert approvals <= 1
    assert state is not S.APPROVED or approvals == 1
