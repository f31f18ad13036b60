"""Texts of the site's own: a little form, and never markup of somebody else."""

import pytest

from web.markdown_lite import BlockKind, read_blocks

TEXT = """
# 利用規程

画面を人に見せ
ないこと。

- 印刷しない
- **撮影しない**
1. 離席時はロック
２．紛失時は連絡
"""


def test_headings_paragraphs_and_lists() -> None:
    found = [(block.kind, [str(line) for line in block.lines]) for block in read_blocks(TEXT)]
    assert found == [
        (BlockKind.HEADING, ["利用規程"]),
        (BlockKind.PARAGRAPH, ["画面を人に見せないこと。"]),
        (BlockKind.BULLETS, ["印刷しない", "<strong>撮影しない</strong>"]),
        (BlockKind.NUMBERS, ["離席時はロック", "紛失時は連絡"]),
    ]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "**<b onclick=x>**", "# <img src=x>", "- <a href=x>"])
def test_nothing_in_a_text_is_markup(text: str) -> None:
    (block,) = read_blocks(text)
    assert str(block.lines[0]).replace("<strong>", "").replace("</strong>", "").count("<") == 0
