"""Rows as CSV that a spreadsheet opens without running anything in it (RFC 4180, UTF-8 with a byte order mark)."""

import csv
import io
from collections.abc import Iterable
from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def make_harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what could start one."""
    return (
        f"'{cell}" if cell.lstrip(" \u3000").startswith(_FORMULA_STARTS) or cell.startswith(_FORMULA_STARTS) else cell
    )


def write_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """All rows as one file."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([make_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
