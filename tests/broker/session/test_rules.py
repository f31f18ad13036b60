"""What a session's facts mean."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import LIVE_STATES, SESSION_STEPS, SessionEvent, SessionState
from broker.lifecycle.step import may_step
from broker.model.grants import Grants
from broker.model.ids import SessionId
from broker.model.reasons import EndReason
from broker.model.records import Session
from broker.session.rules import (
    ABANDONED_AFTER_S,
    QUEUE_LIMIT_S,
    Expire,
    Fate,
    Holding,
    LetGo,
    expiry_of,
    fate_of_detach,
    honest_time,
    may_revive,
    position_of,
    remaining_grants,
    why_not,
)
from tests.factories import MORNING, a_desktop, a_pool, a_session, an_attachment

S = SessionState
POOL = a_pool()
replace = msgspec.structs.replace


def begun(state: SessionState) -> Session:
    return replace(a_session(state), started_at=MORNING)


def after(
    session: Session, seconds: float, *, attached: bool = False, desktop: DesktopState = DesktopState.IN_USE
) -> object:
    holding = Holding(pool=POOL, desktop=a_desktop(desktop), is_attached=attached)
    return expiry_of(session, holding, MORNING + timedelta(seconds=seconds))


ENDING = {
    EndReason.LOGGED_OFF,
    EndReason.TERMINATED,
    EndReason.ABSOLUTE_LIMIT,
    EndReason.HOURS_ENDED,
    EndReason.ENTITLEMENT_LOST,
    EndReason.ACCOUNT_LOCKED,
    EndReason.APPROVAL_ENDED,
    EndReason.DEVICE_REFUSED,
    EndReason.MODE_CHANGED,
    EndReason.POLICY_CHANGED,
    EndReason.DESKTOP_LOST,
}
BROKEN = {EndReason.DESKTOP_UNREACHABLE, EndReason.DESKTOP_SIGNIN_FAILED}


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_of_a_detach(reason: EndReason) -> None:
    expected = Fate.END if reason in ENDING else Fate.DISCONNECT
    assert fate_of_detach(begun(S.ACTIVE), reason) is expected
    never_seen = Fate.FAIL if reason in BROKEN else expected
    assert fate_of_detach(a_session(S.ACTIVE), reason) is never_seen


def test_work_waits_for_the_pools_limit_and_not_longer() -> None:
    session = begun(S.DISCONNECTED)
    assert after(session, POOL.disconnect_limit_s) is None
    assert after(session, POOL.disconnect_limit_s + 1) == Expire(EndReason.DISCONNECT_LIMIT)
    assert after(session, POOL.disconnect_limit_s + 1, attached=True) is None


def test_a_desktop_that_was_given_out_and_never_seen_goes_back() -> None:
    for state in (S.REQUESTED, S.TICKETED, S.DISCONNECTED):
        session = a_session(state)
        assert after(session, ABANDONED_AFTER_S, desktop=DesktopState.RESERVED) is None
        verdict = after(session, ABANDONED_AFTER_S + 1, desktop=DesktopState.RESERVED)
        assert verdict == Expire(EndReason.ABANDONED), state
        assert after(session, ABANDONED_AFTER_S + 1, attached=True) is None


def test_an_unused_ticket_does_not_cost_the_work_behind_it() -> None:
    assert after(begun(S.TICKETED), ABANDONED_AFTER_S + 1) == LetGo()


def test_a_person_who_waits_for_a_desktop_on_its_way_up_is_not_given_up() -> None:
    session = a_session(S.REQUESTED)
    for state in (DesktopState.ABSENT, DesktopState.STARTING, DesktopState.RESETTING, DesktopState.FAULTY):
        assert after(session, 10_000, desktop=state) is None


def test_a_person_whose_desktop_no_longer_exists_is_told() -> None:
    holding = Holding(pool=POOL, desktop=None, is_attached=False)
    assert expiry_of(a_session(S.REQUESTED), holding, MORNING) == Expire(EndReason.DESKTOP_LOST)
    gone = replace(holding, desktop=a_desktop(DesktopState.RETIRED))
    assert expiry_of(a_session(S.REQUESTED), gone, MORNING) == Expire(EndReason.DESKTOP_FAILED, has_failed=True)


def test_a_queue_that_never_moves_ends() -> None:
    assert after(a_session(S.QUEUED), QUEUE_LIMIT_S) is None
    assert after(a_session(S.QUEUED), QUEUE_LIMIT_S + 1) == Expire(EndReason.NO_CAPACITY)


@pytest.mark.parametrize("state", [S.ACTIVE, S.PARKED])
def test_a_session_that_nobody_is_attached_to_is_disconnected(state: SessionState) -> None:
    assert after(begun(state), 0) == LetGo()
    assert after(begun(state), 0, attached=True) is None


def test_the_absolute_limit_holds_over_all_attachments() -> None:
    limit = Grants().absolute_limit_s
    assert after(begun(S.ACTIVE), limit, attached=True) is None  # the gateway ends it by itself
    assert after(begun(S.ACTIVE), limit + 30, attached=True) == Expire(EndReason.ABSOLUTE_LIMIT)
    reopened = replace(begun(S.DISCONNECTED), state_since=MORNING + timedelta(seconds=limit - 1))
    assert after(reopened, limit) == Expire(EndReason.ABSOLUTE_LIMIT)


def test_hours_end_a_session_that_is_under_way() -> None:
    ends = MORNING + timedelta(hours=1)
    session = replace(begun(S.DISCONNECTED), grants=Grants(ends_at=ends))
    assert after(session, 3599) is None
    assert after(session, 3600) == Expire(EndReason.HOURS_ENDED)


def test_each_attachment_gets_what_is_left() -> None:
    now = MORNING + timedelta(seconds=100)
    assert remaining_grants(begun(S.DISCONNECTED), Grants(absolute_limit_s=150), now).absolute_limit_s == 50
    assert remaining_grants(begun(S.DISCONNECTED), Grants(absolute_limit_s=90), now).absolute_limit_s == 0
    assert remaining_grants(a_session(), Grants(absolute_limit_s=90), now).absolute_limit_s == 90


@given(
    state=st.sampled_from(sorted(LIVE_STATES)),
    is_begun=st.booleans(),
    attached=st.booleans(),
    desktop=st.none() | st.sampled_from(DesktopState),
    seconds=st.integers(-10, 200_000),
)
def test_whatever_the_clock_asks_for_the_lifecycle_has(
    state: SessionState, is_begun: bool, attached: bool, desktop: DesktopState | None, seconds: int
) -> None:
    session = begun(state) if is_begun else a_session(state)
    held = None if desktop is None else a_desktop(desktop)
    holding = Holding(pool=POOL, desktop=held, is_attached=attached)
    match expiry_of(session, holding, MORNING + timedelta(seconds=seconds)):
        case LetGo():
            assert may_step(SESSION_STEPS, state, SessionEvent.DETACHED)
            assert not attached
        case Expire():
            assert may_step(SESSION_STEPS, state, SessionEvent.ENDED)
        case None:
            pass


def test_the_place_in_the_queue_counts_from_one() -> None:
    queue = [replace(a_session(S.QUEUED), id=SessionId(name)) for name in "abc"]
    assert [position_of(queue, SessionId(name)) for name in "abcd"] == [1, 2, 3, 0]


def test_only_what_was_given_up_by_presumption_counts_again() -> None:
    given_up = replace(an_attachment(), closed_at=MORNING, close_reason=EndReason.GATEWAY_LOST)
    taken_over = replace(given_up, close_reason=EndReason.TAKEN_OVER)
    live, over = a_session(S.DISCONNECTED), replace(a_session(S.ENDED), end_reason=EndReason.LOGGED_OFF)
    assert may_revive(given_up, live, has_other=False)
    assert not may_revive(given_up, live, has_other=True)
    assert not may_revive(given_up, over, has_other=False)
    assert not may_revive(given_up, None, has_other=False)
    assert not may_revive(taken_over, live, has_other=False)
    assert why_not(taken_over, live, has_other=False) is EndReason.TAKEN_OVER
    assert why_not(given_up, live, has_other=True) is EndReason.TAKEN_OVER
    assert why_not(given_up, over, has_other=False) is EndReason.LOGGED_OFF
    assert why_not(None, None, has_other=False) is EndReason.TERMINATED


def test_a_gateways_clock_is_believed_within_what_can_be() -> None:
    now = MORNING + timedelta(seconds=60)
    for told, expected in ((-5, 0), (30, 30), (90, 60)):
        at = honest_time(MORNING + timedelta(seconds=told), not_before=MORNING, now=now)
        assert at == MORNING + timedelta(seconds=expected)
