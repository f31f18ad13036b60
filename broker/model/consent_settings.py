"""Settings of the rules of use."""

from datetime import date

import msgspec

from broker.model.kinds import Origin


class ConsentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules of use (利用規程) that everybody confirms before pools open from the origins named here."""

    version: str
    """Shown to everybody and kept with each confirmation; another one asks again."""
    dated: date
    text_file: str
    """The text in Japanese, relative to ``data_dir``: paragraphs, ``#`` headings, ``-`` and ``1.`` lists, ``**bold**``.
    A changed letter asks again as well."""
    text_file_en: str = ""
    origins: list[Origin] = msgspec.field(
        default_factory=lambda: [Origin.CLOSED_SIM, Origin.SATELLITE, Origin.INTERNET]
    )
    renew_months: int = 12
    """So many months later it has to be confirmed again. 0: never."""
    training_file: str = ""
    """A short training to be read before (TOML, ``[[pages]]``), with one question a page."""
