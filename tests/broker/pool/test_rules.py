"""What a pool needs next, as a pure decision."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent, DesktopState
from broker.lifecycle.step import may_step
from broker.model.ids import DesktopId
from broker.model.kinds import PoolKind
from broker.model.records import Desktop, Pool
from broker.pool.rules import (
    HOST_GRACE_S,
    MISSING_GRACE_S,
    Ability,
    Clean,
    Drain,
    Lose,
    Make,
    Picture,
    Retry,
    Seat,
    Start,
    StopStray,
    Vacate,
    plan,
    retry_after_s,
    should_run,
)
from tests.factories import MORNING, a_desktop, a_host_pool, a_pool

S = DesktopState
MAKES = Ability(makes=True, logs_off=True)
HOSTS = Ability(makes=False, logs_off=False)
LATER = MORNING + timedelta(minutes=10)


def picture(
    *desktops: Desktop,
    pool: Pool | None = None,
    ability: Ability = MAKES,
    seated: set[DesktopId] | None = None,
    queued: int = 0,
    may_start: bool = True,
) -> Picture:
    """Everything that should run, runs."""
    return Picture(
        pool=pool or a_pool(),
        ability=ability,
        desktops=desktops,
        seated=frozenset(seated or set()),
        queued=queued,
        running=frozenset(desktop.id for desktop in desktops if should_run(desktop)),
        missing_since={},
        busy=frozenset(),
        may_start=may_start,
        now=LATER,
    )


def own_pool() -> Pool:
    return a_pool(kind=PoolKind.PERSISTENT)


def sized(target: int, size: int) -> Pool:
    return msgspec.structs.replace(a_pool(), target_ready=target, max_size=size)


def test_an_empty_pool_makes_its_spares() -> None:
    assert plan(picture(pool=sized(2, 5))) == [Make(), Make()]


def test_those_who_wait_count_on_top_of_the_spares() -> None:
    assert plan(picture(pool=sized(1, 9), queued=3)) == [Make()] * 4


def test_a_pool_never_grows_beyond_its_size() -> None:
    used = [a_desktop(S.IN_USE, number) for number in (1, 2)]
    seated = {desktop.id for desktop in used}
    assert plan(picture(*used, pool=sized(2, 3), seated=seated, queued=5)) == [Make()]
    faulty = msgspec.structs.replace(a_desktop(S.FAULTY, 3), state_until=None)
    assert plan(picture(*used, faulty, pool=sized(2, 3), seated=seated, queued=5)) == []


def test_a_desktop_at_rest_is_started_before_a_new_one_is_made() -> None:
    resting = a_desktop(S.STOPPED, 1)
    assert plan(picture(resting, pool=sized(2, 5))) == [Start(resting), Make()]


def test_one_that_failed_of_late_is_started_last() -> None:
    failed = msgspec.structs.replace(a_desktop(S.ABSENT, 1), failures=2)
    fresh = a_desktop(S.ABSENT, 2)
    assert plan(picture(failed, fresh, pool=sized(1, 5))) == [Start(fresh)]


def test_a_desktop_in_back_off_is_not_started() -> None:
    waiting = msgspec.structs.replace(a_desktop(S.ABSENT, 1), state_until=LATER + timedelta(seconds=1))
    assert plan(picture(waiting, pool=sized(1, 1))) == []


def test_after_failed_starts_a_shared_pool_asks_for_no_others() -> None:
    resting = a_desktop(S.STOPPED, 1)
    assert plan(picture(resting, pool=sized(2, 5), queued=2, may_start=False)) == []


def test_one_that_comes_up_counts_as_a_spare() -> None:
    starting = a_desktop(S.STARTING, 1)
    assert plan(picture(starting, pool=sized(1, 5))) == [Start(starting)]


def test_a_start_that_a_call_is_under_way_for_is_left_alone() -> None:
    starting = a_desktop(S.STARTING, 1)
    busy = msgspec.structs.replace(picture(starting, pool=sized(1, 5)), busy=frozenset({starting.id}))
    assert plan(busy) == []


def test_one_whose_start_is_being_ordered_counts_as_a_spare() -> None:
    absent = a_desktop(S.ABSENT, 1)
    assert plan(msgspec.structs.replace(picture(absent, pool=sized(1, 5)), busy=frozenset({absent.id}))) == []


def test_spares_beyond_the_target_are_brought_to_rest_the_oldest_first() -> None:
    old, new = a_desktop(S.READY, 1), a_desktop(S.READY, 2, since=LATER)
    assert plan(picture(new, old, pool=sized(1, 5))) == [Drain(old)]


def test_a_persistent_desktop_runs_only_for_its_owner() -> None:
    absent, ready = a_desktop(S.STOPPED, 1), a_desktop(S.READY, 2)
    assert plan(picture(absent, ready, pool=own_pool())) == [Drain(ready)]
    assert plan(picture(absent, pool=own_pool(), seated={absent.id})) == [Start(absent)]
    assert plan(picture(ready, pool=own_pool(), seated={ready.id})) == [Seat(ready)]


@pytest.mark.parametrize("state", [S.RESERVED, S.IN_USE])
def test_a_desktop_that_nobody_has_the_seat_of_is_cleaned(state: DesktopState) -> None:
    desktop = a_desktop(state)
    assert Vacate(desktop) in plan(picture(desktop))
    assert plan(picture(desktop, pool=sized(0, 3), seated={desktop.id})) == []


def test_a_used_desktop_is_cleaned_at_once_where_the_provider_can() -> None:
    used = a_desktop(S.RESETTING)
    assert Clean(used) in plan(picture(used))


def test_a_host_that_cannot_log_off_rests_until_its_own_limit_has_passed() -> None:
    pool = a_host_pool()
    fresh = a_desktop(S.RESETTING, since=LATER - timedelta(seconds=pool.settle_s - 1))
    rested = a_desktop(S.RESETTING, since=LATER - timedelta(seconds=pool.settle_s))
    assert plan(picture(fresh, pool=pool, ability=HOSTS)) == []
    assert plan(picture(rested, pool=pool, ability=HOSTS)) == [Clean(rested)]


def test_every_registered_host_is_kept_ready_and_none_is_brought_to_rest() -> None:
    absent, ready = a_desktop(S.ABSENT, 1), a_desktop(S.READY, 2)
    assert plan(picture(absent, ready, pool=a_host_pool(), ability=HOSTS)) == [Start(absent)]


def test_a_faulty_desktop_is_tried_again_when_its_time_has_come() -> None:
    due = msgspec.structs.replace(a_desktop(S.FAULTY, 1), state_until=LATER)
    early = msgspec.structs.replace(a_desktop(S.FAULTY, 2), state_until=LATER + timedelta(seconds=1))
    given_up = a_desktop(S.FAULTY, 3)
    assert plan(picture(due, early, given_up, pool=sized(0, 3))) == [Retry(due)]


def test_what_runs_although_it_should_rest_is_ended() -> None:
    for state in (S.STOPPED, S.ABSENT, S.FAULTY, S.RETIRED):
        stray = a_desktop(state)
        seen = msgspec.structs.replace(picture(stray, pool=sized(0, 3)), running=frozenset({stray.id}))
        assert plan(seen) == [StopStray(stray)]
        on_host = msgspec.structs.replace(seen, ability=HOSTS)
        assert StopStray(stray) not in plan(on_host)


def missing(desktop: Desktop, seconds: float, ability: Ability = MAKES) -> Picture:
    since = LATER - timedelta(seconds=seconds)
    return msgspec.structs.replace(
        picture(desktop, pool=sized(0, 3), ability=ability, seated={desktop.id}),
        running=frozenset(),
        missing_since={desktop.id: since},
    )


@pytest.mark.parametrize("state", [S.RESERVED, S.IN_USE])
def test_a_made_desktop_that_is_missing_for_long_enough_is_lost(state: DesktopState) -> None:
    desktop = a_desktop(state)
    assert plan(missing(desktop, MISSING_GRACE_S - 0.1)) == []
    assert plan(missing(desktop, MISSING_GRACE_S)) == [Lose(desktop)]


def test_a_desktop_that_has_only_just_come_up_is_not_condemned_by_older_gaps() -> None:
    desktop = a_desktop(S.RESERVED, since=LATER)
    assert plan(missing(desktop, 100)) == []


def test_a_single_observation_condemns_nothing() -> None:
    desktop = a_desktop(S.IN_USE)
    once = msgspec.structs.replace(missing(desktop, 100), missing_since={})
    assert plan(once) == []


def test_a_host_with_somebody_on_it_may_be_out_of_reach_for_longer() -> None:
    used = a_desktop(S.IN_USE)
    assert plan(missing(used, HOST_GRACE_S - 1, HOSTS)) == []
    assert plan(missing(used, HOST_GRACE_S, HOSTS)) == [Lose(used)]
    idle = a_desktop(S.READY)
    assert plan(missing(idle, MISSING_GRACE_S, HOSTS)) == [Lose(idle)]


def test_without_an_observation_nothing_is_lost_and_nothing_is_a_stray() -> None:
    used, resting = a_desktop(S.IN_USE, 1), a_desktop(S.STOPPED, 2)
    blind = msgspec.structs.replace(
        picture(used, resting, pool=sized(0, 3), seated={used.id}),
        running=None,
        missing_since={used.id: MORNING},
    )
    assert plan(blind) == []


def test_retries_wait_twice_as_long_each_time_and_at_most_five_minutes() -> None:
    waits = [retry_after_s(failures) for failures in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[:3] == [4, 8, 16]
    assert waits[-1] == 300


_states = st.lists(st.sampled_from(S), max_size=12)
_EVENT_OF = {
    Start: DesktopEvent.START_ORDERED,
    Seat: DesktopEvent.RESERVED,
    Vacate: DesktopEvent.RELEASED,
    Retry: DesktopEvent.REPAIR_ORDERED,
    Lose: DesktopEvent.LOST,
}


@given(
    states=_states,
    seats=st.integers(0, 4095),
    target=st.integers(0, 6),
    size=st.integers(0, 14),
    queued=st.integers(0, 6),
    is_own=st.booleans(),
    makes=st.booleans(),
    runs=st.integers(0, 4095),
)
def test_whatever_the_pool_looks_like_the_plan_can_be_carried_out(
    states: list[DesktopState], seats: int, target: int, size: int, queued: int, is_own: bool, makes: bool, runs: int
) -> None:
    desktops = [a_desktop(state, number) for number, state in enumerate(states)]
    seated = {desktop.id for number, desktop in enumerate(desktops) if seats >> number & 1}
    pool = msgspec.structs.replace(own_pool() if is_own else a_pool(), target_ready=target, max_size=size)
    ability = MAKES if makes else HOSTS
    facts = msgspec.structs.replace(
        picture(*desktops, pool=pool, ability=ability, seated=seated, queued=queued),
        running=frozenset(desktop.id for number, desktop in enumerate(desktops) if runs >> number & 1),
        missing_since={desktop.id: MORNING for desktop in desktops},
    )
    steps = plan(facts)
    touched = [step.desktop.id for step in steps if not isinstance(step, Make)]
    assert len(touched) == len(set(touched))
    alive = sum(1 for desktop in desktops if desktop.state is not S.RETIRED)
    assert alive + sum(isinstance(step, Make) for step in steps) <= max(size, alive)
    for step in steps:
        if isinstance(step, Make) or (isinstance(step, Start) and step.desktop.state is S.STARTING):
            continue
        event = _EVENT_OF.get(type(step))
        assert event is None or may_step(DESKTOP_STEPS, step.desktop.state, event)
        if isinstance(step, Drain | Vacate):
            assert step.desktop.id not in seated or step.desktop.state is S.DRAINING
        if isinstance(step, StopStray):
            assert step.desktop.state in {S.ABSENT, S.STOPPED, S.FAULTY, S.RETIRED}
