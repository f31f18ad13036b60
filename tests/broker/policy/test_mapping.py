"""From groups and attributes to roles, entitlements, department and head of section."""

from typing import Any

import msgspec
import pytest

from broker.model.kinds import Role
from broker.model.mapping import MappingRule, PersonFacts
from broker.policy.mapping import attributes_of, is_met, map_person, refusals_of_mapping, rules_of

KAMIYA = PersonFacts(
    department="税務課",
    groups=frozenset({"所属長", "telework"}),
    attributes={"title": ("課長", "主幹"), "employeetype": ("常勤",)},
)


def rule(**fields: Any) -> MappingRule:
    return msgspec.convert({"id": "r"} | fields, MappingRule)


def refusals(*rules: MappingRule, roles: dict[str, Role] | None = None) -> list[str]:
    return [f"{found.path}: {found.why}" for found in refusals_of_mapping("$.directory", roles or {}, rules)]


@pytest.mark.parametrize(
    "conditions, expected",
    [
        ({"groups": ["所属長"]}, True),
        ({"groups": ["係長", "所属長"]}, True),
        ({"groups": ["係長"]}, False),
        ({"departments": ["税務課"]}, True),
        ({"departments": ["市民課"]}, False),
        ({"attributes": {"title": ["課長"]}}, True),
        ({"attributes": {"Title": ["主幹"]}}, True),
        ({"attributes": {"title": ["課長補佐"]}}, False),
        ({"attributes": {"title": ["課長"], "employeeType": ["会計年度任用"]}}, False),
        ({"attributes": {"title": ["課長"], "employeeType": ["常勤"]}, "groups": ["telework"]}, True),
        ({"attributes": {"title": ["課長"]}, "groups": ["係長"]}, False),
        ({"attributes": {"mail": ["x"]}}, False),
        ({"everybody": True}, True),
        ({}, False),
    ],
)
def test_every_condition_that_is_given_has_to_be_met(conditions: dict[str, Any], expected: bool) -> None:
    assert is_met(rule(**conditions), KAMIYA) is expected


@pytest.mark.parametrize("name", ["所属長 ", "Telework", "所屬長", "所属長\ufe00"])
def test_names_count_exactly(name: str) -> None:
    assert not is_met(rule(groups=[name]), KAMIYA)


def test_all_rules_that_are_met_count_together() -> None:
    mapped = map_person(
        [
            rule(id="a", groups=["telework"], entitlements=["resident"]),
            rule(id="b", attributes={"title": ["課長"]}, roles=["auditor"], is_head=True),
            rule(id="c", departments=["市民課"], roles=["tenant_admin"]),
            rule(id="d", groups=["所属長"], heads=["収納課"]),
        ],
        KAMIYA,
    )
    assert mapped.roles == {Role.AUDITOR}
    assert mapped.groups == {"所属長", "telework", "resident"}
    assert mapped.heads == {"税務課", "収納課"}
    assert mapped.department == "税務課"
    assert mapped.rules == ("a", "b", "d")


def test_the_first_rule_that_gives_a_department_counts_and_a_head_is_its_head() -> None:
    mapped = map_person(
        [
            rule(id="a", departments=["税務課"], department="税務部"),
            rule(id="b", groups=["telework"], department="在宅課"),
            rule(id="c", departments=["税務課"], is_head=True),
        ],
        KAMIYA,
    )
    assert mapped.department == "税務部"
    assert mapped.heads == {"税務部"}


def test_nobody_is_head_of_no_department() -> None:
    facts = PersonFacts(department="", groups=frozenset({"所属長"}))
    assert map_person([rule(groups=["所属長"], is_head=True)], facts).heads == frozenset()


def test_a_draft_is_met_and_gives_nothing() -> None:
    draft = rule(groups=["telework"], roles=["tenant_admin"], is_draft=True)
    assert is_met(draft, KAMIYA)
    assert map_person([draft], KAMIYA).roles == frozenset()


def test_what_a_rule_gives_is_no_condition_of_another() -> None:
    chain = [
        rule(id="a", groups=["telework"], entitlements=["x"], department="Y課"),
        rule(id="b", groups=["x"], roles=["tenant_admin"]),
        rule(id="c", departments=["Y課"], roles=["tenant_admin"]),
    ]
    assert map_person(chain, KAMIYA).roles == frozenset()


def test_the_table_of_roles_is_rules_in_fewer_words() -> None:
    rules = rules_of({"所属長": Role.AUDITOR}, [rule(attributes={"title": ["課長"]}, is_head=True)])
    assert map_person(rules, KAMIYA).roles == {Role.AUDITOR}
    assert attributes_of(rules) == {"title"}


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"groups": ["a"]}, "$.directory.rules[0]: gives nothing"),
        ({"roles": ["auditor"]}, "$.directory.rules[0]: has no condition"),
        ({"roles": ["auditor"], "everybody": True}, "$.directory.rules[0].roles: would give everybody a role"),
        ({"roles": ["auditor"], "groups": ["Domain Users"]}, "$.directory.rules[0].roles: would give everybody"),
        (
            {"roles": ["auditor"], "attributes": {"objectClass": ["person"]}},
            "$.directory.rules[0].roles: would give everybody",
        ),
        ({"is_head": True, "everybody": True, "groups": ["a"]}, "$.directory.rules[0].everybody: contradicts"),
        ({"is_head": True, "attributes": {"title": []}}, "$.directory.rules[0].attributes.title: lists no value"),
        ({"is_head": True, "attributes": {"title": ["*"]}}, "there are no wildcards"),
        ({"is_head": True, "attributes": {"ti)(tle": ["x"]}}, "is not the name of an attribute"),
        ({"is_head": True, "groups": ["a "]}, "$.directory.rules[0].groups: 'a ' is empty or has spaces"),
        ({"is_head": True, "groups": [""]}, "$.directory.rules[0].groups: '' is empty"),
        ({"is_head": True, "groups": ["a\u202e"]}, "holds a control character"),
        ({"is_head": True, "groups": ["a", "a"]}, "$.directory.rules[0].groups: names something twice"),
        ({"departments": ["税務課"], "department": "税務課"}, "which it asks for"),
        ({"id": " ", "groups": ["a"], "is_head": True}, "$.directory.rules[0].id: is empty"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_with_its_path(fields: dict[str, Any], expected: str) -> None:
    assert expected in "; ".join(refusals(rule(**fields)))


def test_rules_that_contradict_each_other_are_refused() -> None:
    first = rule(id="a", groups=["x", "y"], department="A課")
    assert refusals(first, rule(id="a", groups=["z"], is_head=True)) == ["$.directory.rules[1].id: 'a' is used twice"]
    other = rule(id="b", groups=["y", "x"], department="B課")
    assert refusals(first, other) == [
        "$.directory.rules[1].department: contradicts 'a', which gives the same people A課"
    ]
    assert refusals(first, rule(id="b", groups=["x"], department="B課")) == []


def test_the_table_of_roles_may_not_name_everybody_either() -> None:
    assert refusals(roles={"domain users": Role.TENANT_ADMIN}) == [
        "$.directory.roles.domain users: would give everybody a role in the console"
    ]


def test_what_may_be_given_to_everybody_is_fine() -> None:
    assert refusals(rule(everybody=True, entitlements=["telework"])) == []
    # Together with another condition it is not everybody.
    assert refusals(rule(groups=["Domain Users"], departments=["情報政策課"], roles=["pool_admin"])) == []
