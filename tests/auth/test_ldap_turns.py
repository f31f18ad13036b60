"""Which server is asked first, and when one that failed is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from auth.ldap_turns import Turns


def test_servers_are_asked_in_the_order_of_the_settings() -> None:
    assert Turns(3).order(0.0) == [0, 1, 2]


def test_one_that_failed_is_asked_last_until_it_has_rested() -> None:
    turns = Turns(3)
    turns.note_fault(0, 100.0)
    assert turns.order(104.9) == [1, 2, 0]
    assert turns.order(105.0) == [0, 1, 2]


def test_each_further_fault_doubles_the_rest_up_to_a_minute() -> None:
    turns, now_s, rests = Turns(2), 0.0, []
    for _ in range(6):
        turns.note_fault(0, now_s)
        began_s = now_s
        while turns.is_resting(0, now_s):
            now_s += 1.0
        rests.append(now_s - began_s)
    assert rests == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_an_answer_ends_the_rest_and_its_growth() -> None:
    turns = Turns(2)
    turns.note_fault(0, 0.0)
    turns.note_answer(0)
    assert turns.order(0.1) == [0, 1]
    turns.note_fault(0, 1.0)
    assert not turns.is_resting(0, 6.0)


def test_faults_of_a_crowd_count_once() -> None:
    turns = Turns(2)
    for _ in range(50):
        turns.note_fault(0, 0.0)
    assert not turns.is_resting(0, 5.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.floats(0, 1000)), max_size=50), st.floats(0, 2000))
def test_nobody_is_ever_left_out(steps: list[tuple[int, bool, float]], now_s: float) -> None:
    turns = Turns(4)
    for place, is_fault, at_s in sorted(steps, key=lambda step: step[2]):
        turns.note_fault(place, at_s) if is_fault else turns.note_answer(place)
    assert sorted(turns.order(now_s)) == [0, 1, 2, 3]
