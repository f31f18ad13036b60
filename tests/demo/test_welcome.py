"""The ready message names everybody whom it takes to try the product."""

from pathlib import Path

from sekisho.demo.city import Group, demo_accounts, second_of_desk
from sekisho.demo.welcome import welcome
from tests.demo.parts import load_secrets


def test_it_names_two_of_the_desk_because_an_exception_needs_two(tmp_path: Path) -> None:
    second = second_of_desk()
    assert Group.IT_DESK in second.groups
    assert second not in demo_accounts()
    text = welcome("http://localhost:8400", load_secrets(tmp_path), tmp_path, 6.0)
    for person in (*demo_accounts(), second):
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{person.uid} ")]
        assert person.display_name in line
