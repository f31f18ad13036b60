"""The rules that make roles, entitlements and departments of what directories say, and who would meet them."""

from collections.abc import Mapping
from typing import Final

import msgspec

from broker.model.actor import Actor
from broker.model.ids import TenantId
from broker.model.mapping import MappingRule, Matched, MatchedPerson, PersonFacts
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.checking import RuleRefusal
from broker.policy.mapping import is_met, refusals_of_mapping
from broker.ports import DirectoryUnavailable, Store
from broker.ports.directory_servers import DirectoryServers

MAX_SHOWN: Final = 200
_PAGE: Final = 1000

RulesOfTenant = Mapping[str, tuple[MappingRule, ...]]
"""By the directory's id, in the order of the settings."""


class MappingRow(msgspec.Struct, frozen=True, kw_only=True):
    directory: str
    rule: MappingRule


class MatchView(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` people meet the rule, the first of whom are ``people``. ``is_from_list``: told by the list that the
    sync keeps, else by a search. ``is_everybody``: of several people, all."""

    directory: str
    rule: MappingRule
    people: tuple[MatchedPerson, ...]
    count: int
    looked_at: int
    is_complete: bool
    is_from_list: bool

    @property
    def is_everybody(self) -> bool:
        return self.looked_at > 1 and self.count == self.looked_at


class RuleNotUsable(msgspec.Struct, frozen=True):
    refusals: tuple[RuleRefusal, ...]


class MappingDesk:
    def __init__(
        self,
        store: Store,
        directories: Mapping[TenantId, DirectoryServers],
        rules: Mapping[TenantId, RulesOfTenant],
    ) -> None:
        self._store = store
        self._directories = directories
        self._rules = rules

    async def list_rules(self, actor: Actor) -> list[MappingRow] | NotAllowed:
        """Those that this broker goes by, drafts among them."""
        if refusal := refuse_action(actor.roles, Action.SEE_DIRECTORY):
            return refusal
        mine = self._rules.get(actor.tenant_id, {})
        return [MappingRow(directory=name, rule=rule) for name, rules in mine.items() for rule in rules]

    async def match(
        self, actor: Actor, directory: str, rule: MappingRule
    ) -> MatchView | RuleNotUsable | DirectoryUnavailable | NotAllowed:
        """Who would meet a rule that need not be in force."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        if refusals := refusals_of_mapping("$", {}, [rule]):
            return RuleNotUsable(tuple(refusals))
        mine = self._directories.get(actor.tenant_id)
        if mine is None or directory not in self._rules.get(actor.tenant_id, {}):
            return DirectoryUnavailable(f"there is no directory {directory!r}")
        # The list keeps names, departments and groups, and of other attributes nothing.
        listed = None if rule.attributes else await self._match_list(actor.tenant_id, directory, rule)
        found = listed or await mine.find_people(directory, rule)
        if isinstance(found, DirectoryUnavailable):
            return found
        return MatchView(
            directory=directory,
            rule=rule,
            people=found.people[:MAX_SHOWN],
            count=len(found.people),
            looked_at=found.looked_at,
            is_complete=found.is_complete,
            is_from_list=listed is not None,
        )

    async def _match_list(self, tenant_id: TenantId, directory: str, rule: MappingRule) -> Matched | None:
        """None without a list of this directory."""
        matched: list[MatchedPerson] = []
        looked_at, after = 0, None
        while True:
            async with self._store.read() as tx:
                page = await tx.directory.search_people(tenant_id, "", after=after, limit=_PAGE)
            for person in page:
                if person.directory != directory:
                    continue
                looked_at += 1
                if is_met(rule, PersonFacts(department=person.department, groups=person.groups)):
                    matched.append(
                        MatchedPerson(
                            login=person.login,
                            display_name=person.display_name,
                            department=person.department,
                            groups=person.groups,
                        )
                    )
            if len(page) < _PAGE:
                return Matched(people=tuple(matched), looked_at=looked_at, is_complete=True) if looked_at else None
            after = page[-1].login, page[-1].entry_id
