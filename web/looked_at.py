"""What a rule looked at (``origin=internet refused by=baseline``), in the words of the console. Pure."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from broker.model.kinds import CertificateState, DeviceKind, Mode, Origin, Segment
from web.language import Language, translate
from web.language import gettext_noop as _
from web.words import CERTIFICATE_STATES, DEVICE_KINDS, MODES, ORIGINS, SEGMENTS

_NONE: Final = _("なし")
_BOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {"baseline": _("既定の規則"), "tenant": _("団体の規則"), "pool": _("プールの規則"), "nobody": _NONE}
)
_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "principal": _("職員の識別番号"),
        "second_factor": _("二要素認証"),
        "is_locked": _("利用停止"),
        "origin": _("接続元区分"),
        "segment": _("回線"),
        "device": _("端末"),
        "certificate": _("端末証明書"),
        "refused by": _("認めていない規則"),
        "asked by": _("求めている規則"),
        "shut by": _("時間外とする規則"),
        "needs one of": _("必要なグループ（いずれか）"),
        "approved_until": _("承認の最終日"),
        "age_s": _("二要素認証からの秒数"),
        "limit_s": _("上限の秒数"),
        "limit": _("上限"),
        "live_before": _("利用中のセッション"),
        "is_open": _("受付"),
        "mode": _("運用状態"),
        "is_priority": _("優先業務のプール"),
        "here": _("判定した日時"),
        "days_used": _("今週の利用日数"),
        "rules": _("規則"),
        "asks for": _("同意を求める版"),
        "given": _("同意した版"),
    }
)
_WORDS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "origin": lambda text: ORIGINS[Origin(text)],
        "segment": lambda text: SEGMENTS[Segment(text)],
        "device": lambda text: DEVICE_KINDS[DeviceKind(text)],
        "certificate": lambda text: CERTIFICATE_STATES[CertificateState(text)],
        "mode": lambda text: MODES[Mode(text)],
        "is_locked": {"True": _("停止中"), "False": _NONE}.__getitem__,
        "is_open": {"True": _("受付中"), "False": _("停止中")}.__getitem__,
        "asks for": {"nothing": _NONE}.__getitem__,
        "given": {"none": _NONE}.__getitem__,
        "is_priority": {"True": _("はい"), "False": _("いいえ")}.__getitem__,
        "second_factor": {"as if": _("済んだものとして判定")}.__getitem__,
    }
)
_FACT: Final = re.compile(rf"(?:^| )({'|'.join(sorted(_LABELS, key=len, reverse=True))})=")


def read_facts(language: Language, looked_at: str) -> list[tuple[str, str]]:
    """Label and value of each fact, in its order. What no word is known for stays as it is."""
    parts = _FACT.split(looked_at)
    return [
        (translate(language, _LABELS[name]), _value(language, name, text))
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    ] or [("", looked_at)]


def _value(language: Language, name: str, text: str) -> str:
    if text == "None":
        return translate(language, _NONE)
    if name.endswith(" by"):
        return ", ".join(translate(language, _BOOKS.get(book, book)) for book in text.split(","))
    try:
        return translate(language, _WORDS[name](text))
    except (KeyError, ValueError):
        return text
