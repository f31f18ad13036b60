"""Exceptions to the baseline: which of them count now, and what they loosen. Pure."""

import msgspec

from broker.model.kinds import Mode
from broker.model.rules import Restrictions, Waiver
from broker.policy.facts import OpenFacts
from broker.policy.local_time import local_time
from broker.policy.rulebook import Layer, OpenRules


def layers_in_force(rules: OpenRules, facts: OpenFacts) -> tuple[Layer, ...]:
    """The layers as they hold in this case. Only what was approved for a disaster loosens more than the baseline."""
    counting = waivers_in_force(rules, facts)
    for_disaster = tuple(waiver for waiver in counting if waiver.for_mode is Mode.BCP)
    return (
        _loosened(rules.baseline, counting),
        *(_loosened(layer, for_disaster) for layer in rules.own),
    )


def waivers_in_force(rules: OpenRules, facts: OpenFacts) -> tuple[Waiver, ...]:
    """The exceptions that count for this person and pool now."""
    return tuple(waiver for waiver in rules.waivers if _counts(waiver, rules, facts))


def _counts(waiver: Waiver, rules: OpenRules, facts: OpenFacts) -> bool:
    groups = facts.principal.groups if facts.principal else frozenset[str]()
    is_for_pool = not (waiver.pools or waiver.zones) or rules.pool_id in waiver.pools or rules.zone_id in waiver.zones
    is_for_person = not waiver.groups or bool(waiver.groups & groups)
    is_for_mode = waiver.for_mode is Mode.NORMAL or waiver.for_mode is facts.mode
    has_two_people = bool(waiver.author) and bool(waiver.approver) and waiver.author != waiver.approver
    today = local_time(facts.now, rules.time_zone).date()
    has_begun = waiver.starts_on is None or waiver.starts_on <= today
    return is_for_pool and is_for_person and is_for_mode and has_two_people and has_begun and today <= waiver.ends_on


def _loosened(layer: Layer, waivers: tuple[Waiver, ...]) -> Layer:
    loosened = layer.restrictions
    for waiver in waivers:
        loosened = loosen(loosened, waiver)
    return Layer(layer.name, loosened)


def loosen(rules: Restrictions, waiver: Waiver) -> Restrictions:
    """One layer as the exception leaves it."""
    return msgspec.structs.replace(
        rules,
        origins=None if rules.origins is None else rules.origins | waiver.origins,
        segments=None if rules.segments is None else rules.segments | waiver.segments,
        devices=None if rules.devices is None else rules.devices | waiver.devices,
        grants=None if rules.grants is None else rules.grants | waiver.grants,
        approval_from=rules.approval_from - waiver.without_approval_from,
        certificate_from=rules.certificate_from - waiver.without_certificate_from,
        hours=None if waiver.outside_hours and waiver.for_mode is Mode.BCP else rules.hours,
    )
