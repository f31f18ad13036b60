"""The oracle itself: what it must object to, and what it must let be."""

import pytest

from tests.separation.smuggling.reference import Judge, NotAnInstruction, read_as_guacd_counts, read_by_code_points
from tests.separation.smuggling.speech import encode


def test_both_readings_take_what_is_right() -> None:
    written = [["name", "𠮷;1.a,"], ["nop"], ["", "ping", "5"]]
    for read in (read_by_code_points, read_as_guacd_counts):
        assert read(b"".join(map(encode, written))) == written


@pytest.mark.parametrize("data", [b"3.nop", b"4.nop;", b"2.nop;", b"nop;", b"3.nop,", b"-3.nop;", b"3.nop;x"])
def test_both_readings_refuse_what_is_not(data: bytes) -> None:
    for read in (read_by_code_points, read_as_guacd_counts):
        with pytest.raises(NotAnInstruction):
            read(data)


@pytest.mark.parametrize(
    "is_inward, written",
    [
        (True, [["clipboard", "1", "text/plain"]]),
        (True, [["blob", "1", "AAAA"]]),
        (True, [["key", "65", "1", "more"]]),
        (True, [["ack", "1", "some text", "0"]]),
        (True, [["img", "1", "14", "0", "image/png", "0", "0"]]),
        (False, [["clipboard", "1", "text/plain"]]),
        (False, [["file", "1", "application/pdf", "a.pdf"]]),
        (False, [["name", "title"]]),
        (False, [["", "clipboard", "out", "a text"]]),
        (False, [["", "name", "title"]]),
        (False, [["ack", "1", "OK", "0", "text"]]),
        (False, [["set", "0", "anything", "1"]]),
        (False, [["img", "1", "14", "0", "text/plain", "0", "0"]]),
        (False, [["img", "1", "14", "0", "image/png", "0", "0"], ["end", "1"], ["blob", "1", "AAAA"]]),
        (False, [["rect", "0", "0", "0", "64", "text"]]),
    ],
)
def test_what_is_not_granted_is_a_find(is_inward: bool, written: list[list[str]]) -> None:
    judge = Judge(frozenset(), is_inward=is_inward)
    judge.read(b"".join(map(encode, written)))
    assert judge.finds


def test_the_picture_is_no_find() -> None:
    judge = Judge(frozenset(), is_inward=False)
    picture = [["img", "1", "14", "0", "image/png", "0", "0"], ["blob", "1", "AAAA"], ["end", "1"], ["sync", "5"]]
    judge.read(b"".join(map(encode, picture)))
    assert judge.finds == []
