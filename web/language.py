"""Japanese and English. Message ids are the Japanese texts; the English catalog is read from its ``.po`` file."""

import gettext
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from aiohttp import web
from babel.messages import mofile, pofile

LANGUAGE_COOKIE: Final = "sekisho_lang"
_CATALOGS: Final = Path(__file__).parent / "locale"


class Language(StrEnum):
    """Languages of the pages. Japanese is the first and the default."""

    JA = "ja"
    EN = "en"


def gettext_noop(text: str) -> str:
    """Mark a text for translation where it is written, for a translation where it is shown."""
    return text


def language_of(request: web.Request) -> Language:
    """The language that this browser chose; Japanese when it chose none."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return Language(chosen) if chosen in set(Language) else Language.JA


@cache
def load_catalog(language: Language) -> gettext.NullTranslations:
    """The catalog of a language, compiled in memory. Japanese needs none."""
    if language is Language.JA:
        return gettext.NullTranslations()
    path = _CATALOGS / language / "LC_MESSAGES" / "messages.po"
    compiled = BytesIO()
    with path.open("rb") as source:
        mofile.write_mo(compiled, pofile.read_po(source, locale=str(language)))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(language: Language, text: str) -> str:
    """A marked text in one language."""
    return load_catalog(language).gettext(text)
