"""Text that people typed, made fit to be kept and shown. Pure."""

import unicodedata
from typing import Final

MAX_REASON: Final = 500
"""Characters of a reason or a note in the audit."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls (with NUL), invisible formatting (with the direction marks), lone surrogates, line and paragraph
separators: what a terminal obeys, and what makes a line read otherwise than it is."""


def is_unseen(sign: str) -> bool:
    """Whether a character shows nothing of its own but may change how the others are shown."""
    return unicodedata.category(sign) in _UNSEEN


def clean_text(text: str, limit: int) -> str:
    """A text of a client's, cut and without anything invisible."""
    return "".join(sign for sign in text[:limit] if not is_unseen(sign))


def clean_reason(text: str) -> str:
    """A reason or note on one line, as it goes into the audit: line breaks and tabs become spaces."""
    return clean_text(" ".join(text.split()), MAX_REASON).strip()
