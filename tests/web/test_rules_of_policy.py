"""The explanation page knows every rule that policy asks."""

from broker.policy.opening import OPENING_RULES
from web.reasons import RULE_REASONS, RULES


def test_every_rule_has_words_and_its_reason() -> None:
    assert {name: reason for name, reason, _rule in OPENING_RULES} == dict(RULE_REASONS)
    assert set(RULES) == {name for name, _reason, _rule in OPENING_RULES}
