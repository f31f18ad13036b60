"""Who works at the demo city: departments, 200 staff, and the groups that entitle them. The same on every machine."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Final

import msgspec

from sekisho.demo.names import FAMILY, GIVEN, Name

STAFF_COUNT: Final = 200


class Department(msgspec.Struct, frozen=True):
    code: str
    name: str
    head_title: str = "課長"


class Group(StrEnum):
    """Groups of the directory, by their ``cn``."""

    TELEWORK = "telework"
    LGWAN_DESKTOP = "lgwan-desktop"
    RESIDENT_DESKTOP = "resident-desktop"
    RDP_DESKTOP = "rdp-desktop"
    VIRTUAL_BROWSER = "virtual-browser"
    IT_DESK = "it-desk"
    AUDITORS = "auditors"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    uid: str
    employee_number: str
    family: Name
    given: Name
    department: Department
    title: str
    groups: frozenset[Group]

    @property
    def display_name(self) -> str:
        return f"{self.family.written} {self.given.written}"

    @property
    def kana(self) -> str:
        return f"{self.family.kana} {self.given.kana}"


DEPARTMENTS: Final = (
    Department("0100", "情報政策課"),
    Department("0200", "総務課"),
    Department("0300", "市民課"),
    Department("0400", "税務課"),
    Department("0500", "福祉課"),
    Department("0600", "建設課"),
    Department("0700", "企画財政課"),
    Department("0800", "環境課"),
    Department("0900", "会計課", "会計管理者"),
    Department("1000", "教育委員会事務局", "事務局長"),
)
_RESIDENT: Final = frozenset({"市民課", "税務課", "福祉課"})
_RDP: Final = frozenset({"情報政策課", "市民課", "建設課"})
_TITLES: Final = ("主事", "主任", "主査", "係長", "主事", "会計年度任用職員")

_Row = tuple[Name, Name, Department, str, frozenset[Group]]

# The accounts that the demo names on its first page: account, department, and the group that sets them apart.
_NAMED: Final = (
    ("山田", "太郎", "市民課", "主任", frozenset[Group]()),
    ("佐藤", "一郎", "建設課", "主査", frozenset[Group]()),
    ("髙橋", "美咲", "情報政策課", "係長", frozenset({Group.IT_DESK})),
    ("\U00020bb7田", "誠", "総務課", "主幹", frozenset({Group.AUDITORS})),
)


@cache
def staff() -> tuple[Person, ...]:
    """All 200, heads of section first, then the named demo accounts, then everybody else."""
    taken: set[str] = set()
    rows = [*_heads(), *_named(), *_others()]
    return tuple(_person(number, taken, *row) for number, row in enumerate(rows[:STAFF_COUNT], start=1))


def head_of(department: Department) -> Person:
    """The head of section (所属長), who approves for a department."""
    return next(person for person in staff() if person.department == department)


def demo_accounts() -> tuple[Person, ...]:
    """Ordinary staff with all pools, staff without the resident zone, the IT desk, the auditor: in this order."""
    return staff()[len(DEPARTMENTS) : len(DEPARTMENTS) + len(_NAMED)]


def second_of_desk() -> Person:
    """Another of the IT desk: what loosens a rule needs two of them."""
    named = demo_accounts()
    return next(person for person in staff() if Group.IT_DESK in person.groups and person not in named)


def _heads() -> Iterable[_Row]:
    for index, department in enumerate(DEPARTMENTS):
        family, given = FAMILY[(index * 5 + 4) % len(FAMILY)], GIVEN[(index * 3 + 4) % len(GIVEN)]
        yield family, given, department, department.head_title, frozenset()


def _named() -> Iterable[_Row]:
    family = {name.written: name for name in FAMILY}
    given = {name.written: name for name in GIVEN}
    department = {each.name: each for each in DEPARTMENTS}
    for family_name, given_name, department_name, title, groups in _NAMED:
        yield family[family_name], given[given_name], department[department_name], title, groups


def _others() -> Iterable[_Row]:
    """Steps without a common divisor with the lists' lengths walk through all names before one comes again."""
    for index in range(STAFF_COUNT):
        family, given = FAMILY[index * 7 % len(FAMILY)], GIVEN[index * 11 % len(GIVEN)]
        department = DEPARTMENTS[index % len(DEPARTMENTS)]
        title = _TITLES[index * 5 // 3 % len(_TITLES)]
        it_desk = frozenset({Group.IT_DESK}) if department.name == "情報政策課" and index < 40 else frozenset[Group]()
        yield family, given, department, title, it_desk


def _person(
    number: int, taken: set[str], family: Name, given: Name, department: Department, title: str, own: frozenset[Group]
) -> Person:
    uid = _free_uid(f"{family.account}.{given.account}", taken)
    return Person(
        uid=uid, employee_number=f"s{number:04}", family=family, given=given, department=department, title=title,
        groups=own | _entitlements(department, title),
    )  # fmt: skip


def _entitlements(department: Department, title: str) -> frozenset[Group]:
    groups = {Group.LGWAN_DESKTOP, Group.VIRTUAL_BROWSER}
    if title != "会計年度任用職員":
        groups.add(Group.TELEWORK)
    if department.name in _RESIDENT:
        groups.add(Group.RESIDENT_DESKTOP)
    if department.name in _RDP:
        groups.add(Group.RDP_DESKTOP)
    return frozenset(groups)


def _free_uid(wanted: str, taken: set[str]) -> str:
    """Namesakes get a number, as a city hall would give them."""
    uid, count = wanted, 1
    while uid in taken:
        count += 1
        uid = f"{wanted}{count}"
    taken.add(uid)
    return uid
