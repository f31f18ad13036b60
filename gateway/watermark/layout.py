"""Breaking the text into lines. Pure."""

import unicodedata
from typing import Final

COLUMNS: Final = 32
"""Half-width columns of the longest line."""


def break_lines(text: str, columns: int = COLUMNS) -> list[str]:
    """Lines of at most ``columns``, broken at spaces, and within what is longer than a line by itself."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if count_columns(joined) <= columns:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _split_word(word, columns)
        lines += full
    return [each for each in [*lines, line] if each]


def count_columns(text: str) -> int:
    """Full-width characters count two (UAX #11)."""
    return sum(2 if unicodedata.east_asian_width(each) in "FWA" else 1 for each in text)


def _split_word(word: str, columns: int) -> list[str]:
    pieces = [""]
    for character in word:
        if count_columns(pieces[-1] + character) > columns:
            pieces.append("")
        pieces[-1] += character
    return pieces
