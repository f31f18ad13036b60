"""Every text that the portal shows is marked for translation, and every marked text has its English.

Japanese is the language of the message ids (GNU gettext); the English catalog has to be complete and exact.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from jinja2 import Environment

from tools.check.template_text import bare_literals, bare_text

WEB: Final = Path("web")
ENGLISH: Final = WEB / "locale" / "en" / "LC_MESSAGES" / "messages.po"
METHODS: Final = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
KEYWORDS: Final = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "gettext_noop": None}


def marked_messages() -> dict[str, str]:
    """Every message id that code and templates mark, with the first place where they do."""
    found: dict[str, str] = {}
    extracted = extract_from_dir(WEB, METHODS, keywords=KEYWORDS, options_map={"**": {"silent": "false"}})
    for path, line, ids, _comments, _context in extracted:
        for message in [ids] if isinstance(ids, str) else ids[:1]:
            found.setdefault(message, f"{WEB / path}:{line}")
    return found


def read_catalog(path: Path) -> Catalog:
    """The English catalog; an empty one when there is none yet."""
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as stream:
        return pofile.read_po(stream, locale="en", abort_invalid=True)


def is_translated(message: Message | None) -> bool:
    """Whether the message has an English text in each of its forms, looked at by a person (not fuzzy)."""
    if message is None or message.fuzzy:
        return False
    texts = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
    return bool(texts) and all(texts)


def catalog_faults() -> Iterator[str]:
    """Marked texts without English, and English for texts that no longer exist."""
    marked = marked_messages()
    catalog = read_catalog(ENGLISH)
    known: dict[str, Message] = {}
    for message in catalog:
        known[message.id if isinstance(message.id, str) else message.id[0]] = message
    for text, place in marked.items():
        if not is_translated(known.get(text)):
            yield f"{place}: no English for '{text}'"
    for text in known.keys() - marked.keys() - {""}:
        yield f"{ENGLISH}: '{text}' is marked nowhere"
    for message in catalog:
        for error in message.check(catalog) if message.id else []:
            yield f"{ENGLISH}:{message.lineno}: {error}"


def template_faults() -> Iterator[str]:
    """Text in templates that cannot be translated."""
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    for path in sorted((WEB / "templates").rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        for line, text in [*bare_text(environment, source), *bare_literals(environment, source)]:
            yield f"{path}:{line}: not marked for translation: '{text}'"


def main() -> int:
    """Print every fault; 1 when there is one."""
    faults = [*template_faults(), *catalog_faults()]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
