"""From a directory's groups and attributes to roles, entitlements, department and head of section. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from broker.model.kinds import Role
from broker.model.mapping import Mapped, MappingRule, PersonFacts
from broker.model.text import is_unseen
from broker.policy.checking import RuleRefusal

_ATTRIBUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_MAX_NAME: Final = 256
_OF_EVERYBODY: Final = frozenset({"domain users", "users", "everyone", "authenticated users", "domain guests"})
_SECRETS: Final = re.compile(
    r".*(?:passw(?:or)?d|pwd|credential|principalkey|privatekey|secret).*|ms-?laps.*|msfve-.*|.*admpwd.*"
)
"""Attributes that hold passwords, hashes or keys: whoever may ask who has which value could guess them."""
_STATE_OF_PASSWORDS: Final = frozenset({"pwdlastset", "badpwdcount", "pwdchangedtime", "pwdaccountlockedtime"})
_ATTRIBUTES_OF_EVERYBODY: Final = frozenset({"objectclass", "objectcategory"})


def rules_of(roles: Mapping[str, Role], rules: Sequence[MappingRule]) -> tuple[MappingRule, ...]:
    """All rules of a directory: its table of roles says the same in fewer words."""
    return (*(MappingRule(id=f"roles.{group}", groups=[group], roles=[role]) for group, role in roles.items()), *rules)


def is_met(rule: MappingRule, facts: PersonFacts) -> bool:
    """Names are compared exactly: 神 and 神 are two, and so are ITdesk and itdesk."""
    if not rule.has_condition:
        return rule.everybody
    return (
        (not rule.groups or not facts.groups.isdisjoint(rule.groups))
        and (not rule.departments or facts.department in rule.departments)
        and all(
            not frozenset(facts.attributes.get(name.lower(), ())).isdisjoint(values)
            for name, values in rule.attributes.items()
        )
    )


def map_person(rules: Sequence[MappingRule], facts: PersonFacts) -> Mapped:
    met = [rule for rule in rules if not rule.is_draft and is_met(rule, facts)]
    department = next((rule.department for rule in met if rule.department), facts.department)
    heads = {name for rule in met for name in rule.heads}
    if department and any(rule.is_head for rule in met):
        heads.add(department)
    return Mapped(
        roles=frozenset(role for rule in met for role in rule.roles),
        groups=facts.groups | {name for rule in met for name in rule.entitlements},
        department=department,
        heads=frozenset(heads),
        rules=tuple(rule.id for rule in met),
    )


def attributes_of(rules: Sequence[MappingRule]) -> frozenset[str]:
    """The attributes that rules look at, as they are written."""
    return frozenset(name for rule in rules for name in rule.attributes)


def refusals_of_mapping(where: str, roles: Mapping[str, Role], rules: Sequence[MappingRule]) -> list[RuleRefusal]:
    """Rules that could not hold, or that say two things."""
    found = [
        RuleRefusal(f"{where}.roles.{group}", _EVERYBODYS_ROLE)
        for group in roles
        if group.strip().casefold() in _OF_EVERYBODY
    ]
    for place, rule in enumerate(rules):
        path = f"{where}.rules[{place}]"
        found += [RuleRefusal(f"{path}{field}", why) for field, why in _faults_of(rule)]
        found += [
            RuleRefusal(f"{path}{field}", why)
            for earlier in rules[:place]
            for field, why in _contradictions(rule, earlier)
        ]
    return found


_EVERYBODYS_ROLE: Final = "would give everybody a role in the console"


def _faults_of(rule: MappingRule) -> Iterator[tuple[str, str]]:
    if not rule.id or rule.id != rule.id.strip() or len(rule.id) > 64:
        yield ".id", "is empty, longer than 64 characters or has spaces around it"
    if not rule.has_effect:
        yield "", "gives nothing: name roles, entitlements, department, is_head or heads"
    if not rule.has_condition and not rule.everybody:
        yield "", "has no condition; whoever means everybody writes everybody = true"
    if rule.has_condition and rule.everybody:
        yield ".everybody", "contradicts the other conditions"
    if rule.roles and _is_everybodys(rule):
        yield ".roles", _EVERYBODYS_ROLE
    if rule.department and rule.departments == [rule.department]:
        yield ".department", f"gives {rule.department}, which it asks for"
    yield from _faults_of_names(rule)


def _is_everybodys(rule: MappingRule) -> bool:
    """As far as it can be told without the directory."""
    if rule.departments:
        return False
    by_group = not rule.groups or any(name.strip().casefold() in _OF_EVERYBODY for name in rule.groups)
    return by_group and all(name.lower() in _ATTRIBUTES_OF_EVERYBODY for name in rule.attributes)


def _faults_of_names(rule: MappingRule) -> Iterator[tuple[str, str]]:
    lists = {"groups": rule.groups, "departments": rule.departments, "entitlements": rule.entitlements}
    if rule.department:
        lists["department"] = [rule.department]
    for name, values in rule.attributes.items():
        if not _ATTRIBUTE.fullmatch(name):
            yield ".attributes", f"{name!r} is not the name of an attribute"
        if name.lower() not in _STATE_OF_PASSWORDS and _SECRETS.fullmatch(name.lower()):
            yield f".attributes.{name}", "may hold passwords or keys; no rule looks at those"
        if not values:
            yield f".attributes.{name}", "lists no value, so nobody could meet it"
        lists[f"attributes.{name}"] = values
    lists["heads"] = rule.heads
    for field, values in lists.items():
        for value in values:
            if why := _fault_of_name(value):
                yield f".{field}", f"{value!r} {why}"
        if len(set(values)) < len(values):
            yield f".{field}", "names something twice"


def _fault_of_name(value: str) -> str | None:
    if not value.strip() or value != value.strip():
        return "is empty or has spaces around it"
    if len(value) > _MAX_NAME or any(is_unseen(sign) for sign in value):
        return f"is longer than {_MAX_NAME} characters or holds a control character"
    return "stands for itself: there are no wildcards" if value == "*" else None


def _contradictions(rule: MappingRule, earlier: MappingRule) -> Iterator[tuple[str, str]]:
    if rule.id == earlier.id:
        yield ".id", f"{rule.id!r} is used twice"
    if (
        rule.department
        and earlier.department not in {"", rule.department}
        and _conditions(rule) == _conditions(earlier)
    ):
        yield ".department", f"contradicts {earlier.id!r}, which gives the same people {earlier.department}"


def _conditions(rule: MappingRule) -> object:
    attributes = {name.lower(): frozenset(values) for name, values in rule.attributes.items()}
    return rule.everybody, frozenset(rule.groups), frozenset(rule.departments), attributes
