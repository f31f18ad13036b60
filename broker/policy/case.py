"""One case as every rule sees it: the facts, and the layers of rules as they hold for them."""

from datetime import datetime

import msgspec

from broker.policy.facts import OpenFacts
from broker.policy.local_time import local_time
from broker.policy.loosening import layers_in_force
from broker.policy.rulebook import Layer, OpenRules

Verdict = tuple[bool, str]
"""Whether a rule lets the person pass, and the facts that it looked at."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """``here`` is ``facts.now`` in the tenant's time zone."""

    facts: OpenFacts
    rules: OpenRules
    layers: tuple[Layer, ...]
    here: datetime


def make_case(facts: OpenFacts, rules: OpenRules) -> Case:
    return Case(
        facts=facts,
        rules=rules,
        layers=layers_in_force(rules, facts),
        here=local_time(facts.now, rules.time_zone),
    )


def names_of(layers: list[Layer]) -> str:
    """The layers that refuse, for a trace."""
    return ",".join(layer.name for layer in layers) or "nobody"
