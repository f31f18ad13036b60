"""Every fact that a rule looks at has a name and a word, so that an auditor needs no key to the table."""

import re

import pytest

from broker.model.kinds import Mode
from broker.policy.opening import OPENING_RULES, may_open
from tests.broker.policy.test_opening import OBSTACLES
from tests.factories import open_facts, open_rules
from web.language import Language
from web.looked_at import read_facts


def test_every_fact_of_every_obstacle_reads_as_words() -> None:
    seen: set[str] = set()
    for obstacle in (lambda facts, rules: (facts, rules), *OBSTACLES.values()):
        facts, rules = obstacle(open_facts(), open_rules())
        for step in may_open(facts, rules).trace:
            for label, value in read_facts(Language.JA, step.looked_at):
                seen.add(step.rule)
                assert label, step
                assert not re.search(r"[a-z_]+=|None|True|False|nobody|baseline", f"{label} {value}"), step
    assert seen == {rule.name for rule in OPENING_RULES}


@pytest.mark.parametrize(
    "looked_at, read",
    [
        (
            "origin=internet refused by=baseline,pool",
            [("接続元区分", "自宅"), ("認めていない規則", "既定の規則, プールの規則")],
        ),
        ("segment=wired refused by=nobody", [("回線", "有線"), ("認めていない規則", "なし")]),
        ("second_factor=as if", [("二要素認証", "済んだものとして判定")]),
        ("needs one of=a group,another", [("必要なグループ（いずれか）", "a group,another")]),
        (f"mode={Mode.BCP} is_priority=False", [("運用状態", "業務継続（災害時）"), ("優先業務のプール", "いいえ")]),
        ("a fact of tomorrow", [("", "a fact of tomorrow")]),
        ("origin=moon", [("接続元区分", "moon")]),
    ],
)
def test_a_line_of_facts_is_told_apart(looked_at: str, read: list[tuple[str, str]]) -> None:
    assert read_facts(Language.JA, looked_at) == read
