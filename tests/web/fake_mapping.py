"""Rules of a small city, and three people whom they are about."""

import msgspec

from broker.directory.mapping import MappingRow, MatchView, RuleNotUsable
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.mapping import MappingRule, MatchedPerson, PersonFacts
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.mapping import is_met, refusals_of_mapping
from broker.ports import DirectoryUnavailable

RULES = (
    MappingRule(id="roles.it_desk", groups=["it_desk"], roles=[Role.TENANT_ADMIN]),
    MappingRule(id="所属長", attributes={"title": ["課長", "所長"]}, is_head=True),
    MappingRule(id="住民情報", departments=["市民課", "税務課"], entitlements=["resident"], is_draft=True),
)
PEOPLE = (
    ("p1001", "山田 太郎", PersonFacts(department="市民課", groups=frozenset({"telework"}))),
    ("p1002", "神谷 髙志", PersonFacts(department="税務課", groups=frozenset({"telework", "係長, 市民課"}))),
    ("p9001", "情報 窓口", PersonFacts(department="情報政策課", groups=frozenset({"telework", "it_desk"}))),
)


class SmallMapping:
    """Of attributes it knows nothing; ``is_silent``: the directory does not answer."""

    def __init__(self) -> None:
        self.is_silent = False

    async def list_rules(self, actor: Actor) -> list[MappingRow] | NotAllowed:
        rows = [MappingRow(directory="directory", rule=rule) for rule in RULES]
        return refuse_action(actor.roles, Action.SEE_DIRECTORY) or rows

    async def match(
        self, actor: Actor, directory: str, rule: MappingRule
    ) -> MatchView | RuleNotUsable | DirectoryUnavailable | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        if refusals := refusals_of_mapping("$", {}, [rule]):
            return RuleNotUsable(tuple(refusals))
        if self.is_silent or directory != "directory":
            return DirectoryUnavailable("no answer within 8 s")
        people = tuple(
            MatchedPerson(login=login, display_name=name, department=facts.department, groups=facts.groups)
            for login, name, facts in PEOPLE
            if is_met(msgspec.structs.replace(rule, is_draft=False), facts)
        )
        return MatchView(
            directory=directory,
            rule=rule,
            people=people,
            count=len(people),
            looked_at=len(PEOPLE),
            is_complete=not rule.attributes,
            is_from_list=not rule.attributes,
        )
