"""What failures and losses make of a desktop."""

from datetime import timedelta

import msgspec
import pytest

from broker.lifecycle.desktop import DesktopState
from broker.pool.rules import MAX_FAILURES, retry_after_s
from broker.pool.setbacks import after_failure, after_loss
from broker.ports import ProviderFailure
from tests.factories import MORNING, a_desktop

S = DesktopState
NOW = MORNING + timedelta(minutes=1)
FAULT = ProviderFailure("no memory left")


def test_a_failed_start_leaves_nothing_and_is_tried_again_later() -> None:
    after = after_failure(a_desktop(S.STARTING), FAULT, NOW)
    assert (after.state, after.failures, after.fault) == (S.ABSENT, 1, "no memory left")
    assert after.state_until == NOW + timedelta(seconds=retry_after_s(1))


@pytest.mark.parametrize("state", [S.STARTING, S.RESETTING])
def test_after_several_failures_in_a_row_it_is_faulty_with_ever_longer_waits(state: DesktopState) -> None:
    tired = msgspec.structs.replace(a_desktop(state), failures=MAX_FAILURES - 1)
    after = after_failure(tired, FAULT, NOW)
    assert (after.state, after.failures) == (S.FAULTY, MAX_FAILURES)
    again = after_failure(msgspec.structs.replace(tired, failures=MAX_FAILURES + 2), FAULT, NOW)
    assert after.state_until is not None
    assert again.state_until is not None
    assert again.state_until > after.state_until


def test_what_will_not_pass_by_itself_waits_for_the_it_desk() -> None:
    after = after_failure(a_desktop(S.STARTING), ProviderFailure("wrong image", is_transient=False), NOW)
    assert (after.state, after.state_until) == (S.FAULTY, None)


def test_a_failed_clean_up_stays_as_dirty_as_it_was() -> None:
    after = after_failure(a_desktop(S.RESETTING), FAULT, NOW)
    assert (after.state, after.state_since) == (S.RESETTING, MORNING)


def test_a_desktop_that_should_rest_goes_on_trying() -> None:
    tired = msgspec.structs.replace(a_desktop(S.DRAINING), failures=MAX_FAILURES)
    for transient in (True, False):
        after = after_failure(tired, ProviderFailure("busy", is_transient=transient), NOW)
        assert after.state is S.DRAINING
        assert after.state_until is not None


def test_a_fault_text_has_an_end() -> None:
    after = after_failure(a_desktop(S.STARTING), ProviderFailure("x" * 10_000), NOW)
    assert after.fault is not None
    assert len(after.fault) == 500


@pytest.mark.parametrize("state", [S.READY, S.RESERVED, S.IN_USE])
def test_a_lost_desktop_is_absent_and_faulty_when_it_happens_again_and_again(state: DesktopState) -> None:
    once = after_loss(a_desktop(state), NOW)
    assert (once.state, once.failures, once.state_until) == (S.ABSENT, 1, None)
    often = after_loss(msgspec.structs.replace(a_desktop(state), failures=MAX_FAILURES - 1), NOW)
    assert often.state is S.FAULTY
    assert often.state_until is not None
