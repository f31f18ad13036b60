"""Where nothing became looser, nobody gets in, and nothing crosses, that did not before."""

from datetime import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.model.grants import Grants
from broker.model.kinds import DeviceKind, Origin, Segment
from broker.model.place import Place
from broker.model.rules import GrantName, Hours, Restrictions, RuleSet
from broker.policy.decision import Allow, Deny
from broker.policy.granting import crosses_more
from broker.policy.opening import may_open
from broker.policy.strictness import looser_parts
from tests.factories import MORNING, STAFF, a_pool, open_facts, open_rules

replace = msgspec.structs.replace
_times = st.sampled_from([time(hour) for hour in (0, 8, 12, 13, 17, 18, 23)])
_hours = st.builds(
    Hours,
    opens=_times,
    closes=_times,
    lunch_from=st.just(time(12)),
    lunch_to=st.just(time(13)),
    closes_for_lunch=st.booleans(),
    on_closed_days=st.booleans(),
)


def some(words: Any) -> Any:
    return st.none() | st.frozensets(st.sampled_from(words), min_size=1)


_limits = st.none() | st.integers(1, 4)
_restrictions = st.builds(
    Restrictions,
    origins=some(Origin),
    segments=some(Segment),
    devices=some(DeviceKind),
    certificate_from=st.frozensets(st.sampled_from(Origin)),
    approval_from=st.frozensets(st.sampled_from(Origin)),
    hours=st.none() | _hours,
    days_per_week=_limits,
    max_sessions=_limits,
    step_up_s=st.none() | st.sampled_from([60, 300, 3600]),
    grants=some(GrantName),
)
_rules = st.builds(RuleSet, restrictions=_restrictions, groups=some([STAFF, "b"]), origins=some(Origin))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[RuleSet, RuleSet]:
    """Two sets of rules that share most of what they say: so that one is often the stricter."""
    before, other = draw(_rules), draw(_rules)
    fields = [field.name for field in msgspec.structs.fields(Restrictions)]
    taken = draw(st.sets(st.sampled_from(fields), max_size=3))
    after = replace(before.restrictions, **{name: getattr(other.restrictions, name) for name in taken})
    return before, RuleSet(restrictions=after, groups=before.groups, origins=other.origins)


_places = st.builds(
    Place, origin=st.sampled_from(Origin), segment=st.sampled_from(Segment), device=st.sampled_from(DeviceKind)
)


@given(pairs(), _places, st.integers(0, 23), st.integers(0, 3))
@settings(max_examples=400, deadline=None)
def test_what_is_not_called_looser_lets_nobody_more_in(
    pair: tuple[RuleSet, RuleSet], place: Place, hour: int, live: int
) -> None:
    before, after = pair
    if looser_parts(before, after):
        return
    facts = replace(open_facts(), place=place, now=MORNING.replace(hour=hour))
    assert facts.usage is not None
    facts = replace(facts, usage=replace(facts.usage, live_before=live))
    then, now = (may_open(facts, open_rules(_pool(rules))) for rules in (before, after))
    if isinstance(then, Deny):
        assert isinstance(now, Deny)
    elif isinstance(now, Allow):
        assert not crosses_more(now.grants, then.grants)


def _pool(rules: RuleSet) -> Any:
    return replace(
        a_pool(),
        restrictions=rules.restrictions,
        entitled_groups=rules.groups or frozenset({STAFF, "b"}),
        origins=rules.origins or frozenset(Origin),
        grants=Grants(clipboard_in=True, print_out=True),
    )


DAY = Hours(opens=time(8, 30), closes=time(17, 15))
LUNCH = replace(DAY, closes_for_lunch=True)


@pytest.mark.parametrize(
    "before, after, looser",
    [
        ({}, {"max_sessions": 3}, ()),
        ({"max_sessions": 3}, {}, ("restrictions.max_sessions",)),
        ({"max_sessions": 3}, {"max_sessions": 4}, ("restrictions.max_sessions",)),
        ({"hours": DAY}, {"hours": LUNCH}, ()),
        ({"hours": LUNCH}, {"hours": DAY}, ("restrictions.hours",)),
        ({"hours": DAY}, {"hours": replace(DAY, closes=time(18))}, ("restrictions.hours",)),
        ({"hours": DAY}, {"hours": replace(DAY, on_closed_days=True)}, ("restrictions.hours",)),
        ({"hours": DAY}, {}, ("restrictions.hours",)),
        ({"approval_from": frozenset({Origin.INTERNET})}, {}, ("restrictions.approval_from",)),
        ({"origins": frozenset({Origin.OFFICE})}, {"origins": frozenset(Origin)}, ("restrictions.origins",)),
        ({"origins": frozenset(Origin)}, {"origins": frozenset({Origin.OFFICE})}, ()),
    ],
)
def test_each_kind_of_rule_has_its_direction(
    before: dict[str, Any], after: dict[str, Any], looser: tuple[str, ...]
) -> None:
    one, other = (RuleSet(restrictions=Restrictions(**each)) for each in (before, after))
    assert looser_parts(one, other) == looser
    assert looser_parts(one, one) == ()
    more_people = replace(one, groups=frozenset({STAFF, "b"}))
    assert looser_parts(replace(one, groups=frozenset({STAFF})), more_people) == ("groups",)
