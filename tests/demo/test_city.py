"""The demo city is the same everywhere, and its names are kept exactly."""

import unicodedata

from sekisho.demo.city import DEPARTMENTS, STAFF_COUNT, Group, demo_accounts, head_of, staff
from sekisho.demo.names import FAMILY, GIVEN


def test_there_are_two_hundred_people_with_accounts_and_numbers_of_their_own() -> None:
    people = staff()
    assert len(people) == STAFF_COUNT == 200
    assert len({person.uid for person in people}) == 200
    assert len({person.employee_number for person in people}) == 200
    assert all(person.uid.replace(".", "").isalnum() and person.uid.isascii() for person in people)


def test_every_department_has_one_head_and_staff() -> None:
    for department in DEPARTMENTS:
        members = [person for person in staff() if person.department == department]
        assert head_of(department).title == department.head_title
        assert [person for person in members if person.title == department.head_title] == [head_of(department)]
        assert len(members) > 10


def test_the_named_accounts_show_one_case_each() -> None:
    citizen, builder, desk, auditor = demo_accounts()
    assert {Group.TELEWORK, Group.RESIDENT_DESKTOP, Group.RDP_DESKTOP} <= citizen.groups
    assert citizen.department.name == "市民課"
    assert Group.RESIDENT_DESKTOP not in builder.groups
    assert builder.department.name == "建設課"
    assert Group.IT_DESK in desk.groups
    assert desk.department.name == "情報政策課"
    assert [person for person in staff() if Group.AUDITORS in person.groups] == [auditor]


def test_the_resident_zone_is_for_three_departments() -> None:
    allowed = {person.department.name for person in staff() if Group.RESIDENT_DESKTOP in person.groups}
    assert allowed == {"市民課", "税務課", "福祉課"}


def test_difficult_characters_are_among_the_names_as_they_are() -> None:
    written = "".join(person.display_name for person in staff())
    assert all(character in written for character in ("髙", "\ufa11", "\ufa19", "\U00020bb7"))
    assert unicodedata.normalize("NFC", written) != written


def test_readings_are_katakana_and_account_parts_ascii() -> None:
    for name in (*FAMILY, *GIVEN):
        assert all("ァ" <= character <= "ヶ" or character == "ー" for character in name.kana), name
        assert name.account.isascii()
        assert name.account.islower()
