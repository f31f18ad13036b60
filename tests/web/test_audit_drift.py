"""The desk reads in the audit how far a phone's clock is off."""

import msgspec
import pytest

from broker.ports.naming import Names
from tests.web.people import make_record
from web.audit_lines import tell_records
from web.language import Language


@pytest.mark.parametrize(
    "steps, told",
    [
        ("6", "約180秒進んでいます。"),
        ("-2", "約60秒遅れています。"),
        ("0", ""),
        ("many", ""),
    ],
)
def test_a_clock_that_is_off_is_told_in_seconds(steps: str, told: str) -> None:
    record = msgspec.structs.replace(make_record(1, "signin.refused"), detail={"drift_steps": steps})
    [line] = tell_records(Language.JA, [record], Names())
    [(name, value)] = line.detail
    assert name.text == "スマートフォンの時計のずれ"
    assert value.code == steps
    assert value.text.startswith(told)
    assert bool(value.text) is bool(told)
