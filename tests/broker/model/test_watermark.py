"""Templates of the watermark: what is refused when it is saved, and what becomes of values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.watermark import (
    DEFAULT_TEMPLATE,
    MAX_TEMPLATE_CHARS,
    MAX_TEXT_CHARS,
    Field,
    TemplateRefused,
    fill_template,
    is_unprintable,
    refuse_template,
)

VALUES = {
    Field.NAME: "𠮷田　髙志",
    Field.LOGIN: "t-yoshida",
    Field.ADDRESS: "203.0.113.5",
    Field.TIME: "2026-04-01 08:30",
}


def filled(template: str, values: dict[Field, str]) -> str:
    text = fill_template(template, values)
    assert isinstance(text, str), text
    return text


@pytest.mark.parametrize(
    "template, word",
    [
        ("{login} {password}", "{password}"),
        ("{login} {}", "{}"),
        ("{login.__class__}", "{login.__class__}"),
        ("{login!r}", "no field"),
        ("{login:>400}", "no field"),
        ("{login} {", "braces"),
        ("{login} }", "braces"),
        ("{login}\n{name}", "U+000A"),
        ("{login}\x1b[2J", "U+001B"),
        ("{login}\N{RIGHT-TO-LEFT OVERRIDE}", "U+202E"),
        ("{login}" + "　" * MAX_TEMPLATE_CHARS, "at most"),
        ("関所市", "nobody"),
        ("", "nobody"),
        ("{address} {time}", "nobody"),
    ],
)
def test_a_template_is_refused_with_its_reason(template: str, word: str) -> None:
    refused = refuse_template(template)
    assert refused is not None
    assert word in refused.why
    assert fill_template(template, VALUES) == refused


@pytest.mark.parametrize("template", [DEFAULT_TEMPLATE, "{login}", "関所市 {{秘}} {name}", "{name}{time}"])
def test_a_good_template_is_taken(template: str) -> None:
    assert refuse_template(template) is None


def test_values_stay_together_and_what_is_unknown_shows_as_a_dash() -> None:
    text = filled(DEFAULT_TEMPLATE, VALUES)
    assert text == "𠮷田\xa0髙志 t-yoshida - 203.0.113.5 2026-04-01\xa008:30"
    assert filled("{{{login}}}", VALUES) == "{t-yoshida}"


def test_a_value_is_no_template() -> None:
    assert filled("{name} {login}", VALUES | {Field.NAME: "{address}"}) == "{address} t-yoshida"


@given(st.text(max_size=80), st.dictionaries(st.sampled_from(Field), st.text(max_size=200)))
def test_whatever_a_directory_holds_becomes_one_bounded_printable_line(template: str, values: dict[Field, str]) -> None:
    for each in (DEFAULT_TEMPLATE, template):
        text = fill_template(each, values)
        if not isinstance(text, TemplateRefused):
            assert 0 < len(text) <= MAX_TEXT_CHARS
            assert not any(map(is_unprintable, text))
