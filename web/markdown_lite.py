"""Texts of the site's own with a little form: headings, paragraphs, lists and bold. Anything else is text."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec
from markupsafe import Markup, escape

_HEADING: Final = re.compile(r"(#{1,3})\s+(.+)")
_BULLET: Final = re.compile(r"[-*・]\s+(.+)")
_NUMBER: Final = re.compile(r"[0-9０-９]{1,3}[.．)）]\s*(.+)")
_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    BULLETS = "bullets"
    NUMBERS = "numbers"


class Block(msgspec.Struct, frozen=True):
    """``lines`` are escaped; a paragraph and a heading have one, a list one for each item."""

    kind: BlockKind
    lines: tuple[Markup, ...]


def read_blocks(text: str) -> list[Block]:
    """The text in the order of its blocks. Nothing of it is ever markup, but for what is made here."""
    blocks: list[Block] = []
    for kind, line in _lines(text):
        last = blocks[-1] if blocks else None
        if kind is None:
            blocks.append(Block(BlockKind.PARAGRAPH, ()))
        elif last is not None and last.kind is kind and kind is BlockKind.PARAGRAPH and last.lines:
            # Without a space: Japanese has none at the end of a line.
            joint = "" if last.lines[0][-1:] > "\u2e7f" else " "
            blocks[-1] = Block(kind, (last.lines[0] + joint + line,))
        elif last is not None and last.kind is kind and kind in {BlockKind.BULLETS, BlockKind.NUMBERS}:
            blocks[-1] = Block(kind, (*last.lines, line))
        else:
            blocks.append(Block(kind, (line,)))
    return [block for block in blocks if block.lines]


def _lines(text: str) -> Iterator[tuple[BlockKind | None, Markup]]:
    """Each line with its kind; None for an empty one."""
    for raw in text.splitlines():
        line = raw.strip()
        if not line:
            yield None, Markup()
        elif found := _HEADING.fullmatch(line):
            yield BlockKind.HEADING, _inline(found[2])
        elif found := _BULLET.fullmatch(line):
            yield BlockKind.BULLETS, _inline(found[1])
        elif found := _NUMBER.fullmatch(line):
            yield BlockKind.NUMBERS, _inline(found[1])
        else:
            yield BlockKind.PARAGRAPH, _inline(line)


def _inline(text: str) -> Markup:
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(text))))  # noqa: S704 escaped just before
