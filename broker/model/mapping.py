"""What a directory says about people (groups, attributes) and what follows from it here. Names count exactly."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from broker.model.kinds import Role


class MappingRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever meets every condition that is given gets all that follows."""

    id: str
    groups: list[str] = []
    """Somebody in one of these groups."""
    departments: list[str] = []
    """Somebody whose department, as the directory has it, is one of these."""
    attributes: dict[str, list[str]] = {}
    """Each of these attributes has one of the values that are listed for it."""
    everybody: bool = False
    """Without any condition. It gives no role."""
    roles: list[Role] = []
    """In the console."""
    entitlements: list[str] = []
    """Names that pools entitle, as if they were groups of the directory."""
    department: str = ""
    """In the place of the directory's. The first rule that gives one counts."""
    is_head: bool = False
    """Head of the own department (所属長)."""
    heads: list[str] = []
    """Departments that somebody is head of besides."""
    is_draft: bool = False
    """It can be looked at in the console and gives nothing yet."""

    @property
    def has_condition(self) -> bool:
        return bool(self.groups or self.departments or self.attributes)

    @property
    def has_effect(self) -> bool:
        return bool(self.roles or self.entitlements or self.department or self.is_head or self.heads)


class PersonFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What rules look at. Attributes by lower-case names."""

    department: str
    groups: frozenset[str]
    attributes: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What follows for one person. ``rules``: the ids of those that were met, in their order."""

    roles: frozenset[Role]
    groups: frozenset[str]
    department: str
    heads: frozenset[str]
    rules: tuple[str, ...]


class MatchedPerson(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    display_name: str
    department: str
    groups: frozenset[str] = frozenset()


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """Who meets a rule. ``looked_at``: people that were looked at; not all of them unless ``is_complete``."""

    people: tuple[MatchedPerson, ...]
    looked_at: int
    is_complete: bool
