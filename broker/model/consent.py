"""Rules of use (利用規程) that people confirm before telework opens: what is demanded, and what they confirmed."""

from datetime import date, datetime

import msgspec

from broker.model.ids import TenantId, UserId
from broker.model.kinds import Origin


class ConsentRule(msgspec.Struct, frozen=True, kw_only=True):
    """``digest`` is of the text and its training (SHA-256, hexadecimal): whoever changes a letter asks again."""

    version: str
    digest: str
    origins: frozenset[Origin]
    renew_months: int
    """So many months after it was given a consent has to be given again; 0: never."""


class ConsentGiven(msgspec.Struct, frozen=True, kw_only=True):
    """What a person confirmed last, as policy sees it."""

    version: str
    digest: str
    given_on: date
    """In the tenant's time zone."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One confirmation. Rows are never changed: a new version, or the same again, is a further row."""

    tenant_id: TenantId
    user_id: UserId
    given_at: datetime
    version: str
    digest: str
    origin: Origin
    address: str


class TrainingPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page to read and a question about it. ``right`` is the place of the right choice, from 0."""

    title_ja: str
    text_ja: str
    question_ja: str
    choices_ja: tuple[str, ...]
    right: int
    title_en: str = ""
    text_en: str = ""
    question_en: str = ""
    choices_en: tuple[str, ...] = ()


class ConsentText(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of use of a tenant as people read them."""

    rule: ConsentRule
    dated: date
    text_ja: str
    text_en: str
    training: tuple[TrainingPage, ...]
