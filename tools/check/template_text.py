"""Visible text in templates that no translation can reach."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from jinja2 import Environment, nodes

JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff01-\uff9f]")
# Names that stay as they are in every language.
PROPER_NAMES: Final = frozenset({"Sekisho", "関所", "日本語", "English"})
VISIBLE_ATTRIBUTES: Final = frozenset({"alt", "aria-label", "aria-description", "placeholder", "title"})
INVISIBLE_ELEMENTS: Final = frozenset({"script", "style"})
LITERAL_ELEMENTS: Final = frozenset({"code", "kbd", "samp"})
GETTEXT: Final = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_ENTITY: Final = re.compile(r"&#?\w+;")


class _VisibleText(HTMLParser):
    """Collects text and attributes that a person reads, with their lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes that are read out or shown."""
        if tag in INVISIBLE_ELEMENTS | LITERAL_ELEMENTS:
            self._open.append(tag)
        for name, value in attrs:
            shown = name in VISIBLE_ATTRIBUTES or (tag == "input" and name == "value")
            if shown and value:
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element whose text does not count."""
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        """Note a run of text."""
        if not self._open or (JAPANESE.search(data) and not INVISIBLE_ELEMENTS & set(self._open)):
            self.found.append((self.getpos()[0], data))


def html_alone(environment: Environment, source: str) -> str:
    """The template without its statements, expressions, comments and translated blocks; lines stay where they are."""
    kept: list[str] = []
    is_statement = is_translated = False
    for _, kind, text in environment.lex(source):
        if kind == "block_begin":
            is_statement = True
        elif kind == "block_end":
            is_statement = False
        elif is_statement and kind == "name" and text in {"trans", "endtrans"}:
            is_translated = text == "trans"
        is_html = kind == "data" and not is_translated
        kept.append(text if is_html else "\n" * text.count("\n"))
    return "".join(kept)


def bare_text(environment: Environment, source: str) -> Iterator[tuple[int, str]]:
    """Every text outside of ``{% trans %}`` and ``_()`` that somebody would read: (line, text)."""
    parser = _VisibleText()
    parser.feed(html_alone(environment, source))
    parser.close()
    for line, text in parser.found:
        rest = _ENTITY.sub("", text)
        for name in PROPER_NAMES:
            rest = rest.replace(name, "")
        if _WORD.search(rest) or JAPANESE.search(rest):
            yield line, " ".join(text.split())


def bare_literals(environment: Environment, source: str) -> Iterator[tuple[int, str]]:
    """Every Japanese string inside an expression that is not handed to a translation function: (line, text)."""
    tree = environment.parse(source)
    marked = {
        id(constant)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in GETTEXT
        for constant in call.find_all(nodes.Const)
    }
    for constant in tree.find_all(nodes.Const):
        text = constant.value
        if isinstance(text, str) and JAPANESE.search(text) and text not in PROPER_NAMES and id(constant) not in marked:
            yield constant.lineno, text
