"""A tenant's rules of use, read from its files."""

import hashlib
import tomllib
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.model.consent import ConsentRule, ConsentText, TrainingPage
from broker.model.consent_settings import ConsentSettings
from broker.model.ids import TenantId
from broker.settings import SiteSettings, TenantSettings

_MAX_BYTES: Final = 256 * 1024
_MAX_PAGES: Final = 20


class _Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pages: tuple[TrainingPage, ...]


def read_consent(settings: SiteSettings, tenant: TenantSettings) -> ConsentText | None:
    """What this tenant demands, None for nothing. Raises :class:`ConfigurationError` with the path of what is wrong."""
    asked = tenant.consent
    if asked is None:
        return None
    where = f"tenants.{tenant.id}.consent"
    if not asked.version.strip() or len(asked.version) > 64:
        raise ConfigurationError(f"{where}.version: is empty or longer than 64 characters")
    if not asked.origins:
        raise ConfigurationError(f"{where}.origins: an empty list demands nothing; leave the whole table out")
    if not 0 <= asked.renew_months <= 120:
        raise ConfigurationError(f"{where}.renew_months: {asked.renew_months} is not between 0 and 120")
    japanese = _read(settings.path(asked.text_file))
    english = _read(settings.path(asked.text_file_en)) if asked.text_file_en else ""
    training = _read_training(settings.path(asked.training_file)) if asked.training_file else ()
    rule = ConsentRule(
        version=asked.version,
        digest=_digest(asked, japanese, english, training),
        origins=frozenset(asked.origins),
        renew_months=asked.renew_months,
    )
    return ConsentText(rule=rule, dated=asked.dated, text_ja=japanese, text_en=english, training=training)


def read_consents(settings: SiteSettings) -> dict[TenantId, ConsentText]:
    """Of every tenant that demands one. Raises :class:`ConfigurationError`."""
    found = {TenantId(tenant.id): read_consent(settings, tenant) for tenant in settings.tenants}
    return {tenant_id: text for tenant_id, text in found.items() if text is not None}


def _digest(asked: ConsentSettings, japanese: str, english: str, training: tuple[TrainingPage, ...]) -> str:
    parts = [asked.version, asked.dated.isoformat(), japanese, english, training]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > _MAX_BYTES:
            raise ConfigurationError(f"{path}: larger than {_MAX_BYTES} bytes")
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: can't be read: {error}") from error
    if not text.strip():
        raise ConfigurationError(f"{path}: is empty")
    return text


def _read_training(path: Path) -> tuple[TrainingPage, ...]:
    try:
        pages = msgspec.convert(tomllib.loads(_read(path)), _Training).pages
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not 0 < len(pages) <= _MAX_PAGES:
        raise ConfigurationError(f"{path}: [[pages]]: between 1 and {_MAX_PAGES}")
    for number, page in enumerate(pages, 1):
        if len(page.choices_ja) < 2 or not 0 <= page.right < len(page.choices_ja):
            raise ConfigurationError(
                f"{path}: page {number}: two choices at least, and right names one of them (from 0)"
            )
        if page.choices_en and len(page.choices_en) != len(page.choices_ja):
            raise ConfigurationError(f"{path}: page {number}: choices_en: as many as choices_ja, in the same order")
    return pages
