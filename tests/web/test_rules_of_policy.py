"""The explanation page knows every rule that policy asks."""

from broker.model.reasons import DenyReason
from broker.policy.opening import OPENING_RULES, RULES_KNOWN
from web.reasons import RULE_REASONS, RULES


def test_every_rule_has_words_and_its_reason() -> None:
    assert {rule.name: rule.reason for rule in OPENING_RULES} | {RULES_KNOWN: DenyReason.RULES_UNKNOWN} == dict(
        RULE_REASONS
    )
    assert set(RULES) == {*(rule.name for rule in OPENING_RULES), RULES_KNOWN}
