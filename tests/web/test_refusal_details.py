"""What is wrong with an exception or a rule is said in Japanese, field and value included."""

from datetime import time, timedelta
from typing import Any

import pytest

from broker.model.kinds import Mode, Origin
from broker.model.rules import Hours, Restrictions
from broker.policy.checking import refusals_of_loosening, refusals_of_restrictions
from broker.policy.exception_checking import refuse_begun
from tests.broker.policy.test_baseline import TODAY, a_waiver
from web.language import Language
from web.refusal_details import explain_refusal

WIRELESS = {"origins": frozenset({Origin.SATELLITE})}


@pytest.mark.parametrize(
    "changes, said",
    [
        ({}, "一つ以上選んでください"),
        ({**WIRELESS, "starts_on": TODAY + timedelta(days=2)}, f"最終日（{TODAY}）より後です"),
        ({"outside_hours": True, "for_mode": Mode.NORMAL}, "業務継続（災害時）の間だけ"),
        ({**WIRELESS, "groups": frozenset({"a\x07"})}, "使えない文字"),
    ],
)
def test_an_exception_that_contradicts_itself(changes: dict[str, Any], said: str) -> None:
    refusal = next(iter(refusals_of_loosening("", a_waiver(**changes), [], [])))
    assert said in explain_refusal(Language.JA, f"{refusal.path.removeprefix('.')}: {refusal.why}")


def test_a_first_day_that_has_passed() -> None:
    refused = refuse_begun(a_waiver(starts_on=TODAY - timedelta(days=1)), TODAY)
    assert refused is not None
    assert explain_refusal(Language.JA, refused.why) == f"初日：{TODAY - timedelta(days=1)}"


@pytest.mark.parametrize(
    "restrictions, said",
    [
        (Restrictions(hours=Hours(opens=time(17), closes=time(8))), "終了（08:00）は、開始（17:00）より後"),
        (Restrictions(hours=Hours(opens=time(13), closes_for_lunch=True)), "昼休み（12:00～13:00）"),
        (Restrictions(days_per_week=9), "1から7まで"),
        (Restrictions(max_sessions=0), "同時に使える数が0"),
        (Restrictions(step_up_s=0), "0分"),
        (Restrictions(origins=frozenset()), "一つも選ばないと"),
    ],
)
def test_rules_that_can_not_hold(restrictions: Restrictions, said: str) -> None:
    (refusal,) = refusals_of_restrictions("lgwan-desktop.restrictions", restrictions)
    assert said in explain_refusal(Language.JA, f"{refusal.path}: {refusal.why}")


def test_a_place_is_named_as_people_name_it() -> None:
    why = "lgwan-desktop.origins: closed_sim is refused by the baseline; take it out, or record an exception"
    assert "「閉域SIM」は、既定の規則で" in explain_refusal(Language.JA, why)


def test_what_the_heading_says_is_not_said_twice_and_what_is_unknown_is_kept() -> None:
    assert explain_refusal(Language.JA, "these rules hold already") == ""
    assert explain_refusal(Language.JA, "zones: there is no zone 'x'") == "zones: there is no zone 'x'"
