"""The audit as rows of a spreadsheet: names for people, codes beside them, local times with their zone."""

from collections.abc import Iterable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from web.audit_lines import AuditLine, Told
from web.language import Language, translate
from web.language import gettext_noop as _

_LOCAL_TIME: Final = _("日時（%(zone)s）")
_COLUMNS: Final = (
    _("日時（UTC）"),
    _("できごと"),
    _("できごと（コード）"),
    _("操作した人"),
    _("操作した人（コード）"),
    _("対象"),
    _("対象（コード）"),
    _("結果"),
    _("結果（コード）"),
    _("接続元アドレス"),
    _("詳細"),
    _("詳細（コード）"),
    _("連番"),
)


def file_head(language: Language, time_zone: str) -> list[str]:
    names = [translate(language, _("番号")), translate(language, _LOCAL_TIME) % {"zone": time_zone}]
    return names + [translate(language, name) for name in _COLUMNS]


def file_rows(lines: Iterable[AuditLine], time_zone: str) -> Iterator[list[str]]:
    zone = ZoneInfo(time_zone)
    for line in lines:
        record = line.record
        told = (line.event, line.actor, line.subject, line.outcome)
        yield [
            str(record.id),
            record.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
            record.at.isoformat(),
            *(cell for one in told for cell in (one.text or one.code, one.code)),
            record.address,
            " ".join(f"{_shown(name)}：{_shown(value)}" for name, value in line.detail),
            " ".join(f"{name.code}={value.code}" for name, value in line.detail),
            "" if record.seq is None else str(record.seq),
        ]


def _shown(told: Told) -> str:
    return told.text or told.code
