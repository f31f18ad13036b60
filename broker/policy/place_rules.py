"""Rules about where a person sits and at what. Each is small, and each denies when its fact is missing."""

from collections.abc import Callable

from broker.model.kinds import CertificateState
from broker.model.rules import Restrictions
from broker.policy.case import Case, Verdict, names_of
from broker.policy.rulebook import Layer


def knows_origin(case: Case) -> Verdict:
    origin = case.facts.place.origin if case.facts.place else None
    return origin is not None, f"origin={origin}"


def allows_origin(case: Case) -> Verdict:
    origin = case.facts.place.origin if case.facts.place else None
    refusing = _refusing(case, lambda asked: asked.origins is None or origin in asked.origins)
    return origin is not None and not refusing, f"origin={origin} refused by={names_of(refusing)}"


def allows_segment(case: Case) -> Verdict:
    segment = case.facts.place.segment if case.facts.place else None
    refusing = _refusing(case, lambda asked: asked.segments is None or segment in asked.segments)
    return segment is not None and not refusing, f"segment={segment} refused by={names_of(refusing)}"


def allows_device(case: Case) -> Verdict:
    device = case.facts.place.device if case.facts.place else None
    refusing = _refusing(case, lambda asked: asked.devices is None or device in asked.devices)
    return device is not None and not refusing, f"device={device} refused by={names_of(refusing)}"


def has_good_certificate(case: Case) -> Verdict:
    """A certificate that has ended or was revoked is refused everywhere; none at all where one is asked for."""
    place = case.facts.place
    if place is None:
        return False, "certificate=None"
    asking = _refusing(case, lambda asked: place.origin not in asked.certificate_from)
    fits = {CertificateState.VALID} if asking else {CertificateState.VALID, CertificateState.ABSENT}
    return place.certificate in fits, f"certificate={place.certificate} asked by={names_of(asking)}"


def _refusing(case: Case, accepts: Callable[[Restrictions], bool]) -> list[Layer]:
    return [layer for layer in case.layers if not accepts(layer.restrictions)]
