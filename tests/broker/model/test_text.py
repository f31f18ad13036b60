"""Text that people typed, before it is kept and shown."""

from hypothesis import given
from hypothesis import strategies as st

from broker.model.text import MAX_REASON, clean_reason, is_unseen

ESCAPES = "\x1b]0;owned\x07\x1b[2J 点検\u202e evil\nFAKE LINE\u2028\u200b\x9b\0"


def test_a_reason_keeps_its_words_on_one_line_and_nothing_a_terminal_obeys() -> None:
    assert clean_reason(ESCAPES) == "]0;owned[2J 点検 evil FAKE LINE"
    assert clean_reason("  端末の\t紛失　第二報 ") == "端末の 紛失 第二報"


@given(st.text(st.characters()))
def test_whatever_was_typed_a_reason_is_bounded_and_visible(typed: str) -> None:
    kept = clean_reason(typed)
    assert len(kept) <= MAX_REASON
    assert not any(is_unseen(sign) for sign in kept)
    kept.encode()
