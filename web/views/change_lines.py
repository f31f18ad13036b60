"""What a change says, line by line, in the language of the page."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from broker.change.records import ChangeRow
from broker.model.kinds import Mode
from broker.model.policy_records import ModeOrder
from broker.model.records import Pool
from broker.model.rules import Hours, RuleSet, Waiver
from broker.pool.rule_versions import Proposal
from web.change_words import GRANTS, LOOSER
from web.language import Language, language_of, translate
from web.language import gettext_noop as _
from web.render import format_time, local_name
from web.visitor import TENANT
from web.words import DEVICE_KINDS, MODES, ORIGINS, SEGMENTS

WordT = TypeVar("WordT", bound=StrEnum)
Line = tuple[str, str]


def lines_of(request: web.Request, row: ChangeRow, pools: Sequence[Pool]) -> list[Line]:
    """Pairs of a name (message id) and a text that is ready to be shown."""
    language = language_of(request)
    match row.content:
        case Waiver() as waiver:
            return waiver_lines(language, waiver, pools)
        case ModeOrder() as order:
            until = "–" if order.until is None else format_time(language, order.until, request[TENANT].time_zone)
            return [(_("運用状態"), translate(language, MODES[order.mode])), (_("終了"), until)]
        case RuleSet() as rules:
            return [*rules_lines(language, rules), *_looser_lines(language, rules)]


def waiver_lines(language: Language, waiver: Waiver, pools: Sequence[Pool]) -> list[Line]:
    """What an exception opens, for whom and how long."""
    names = {pool.id: local_name(language, pool) for pool in pools}
    everywhere = translate(language, _("すべてのデスクトッププール"))
    where = [names.get(pool_id, pool_id) for pool_id in sorted(waiver.pools)] + sorted(waiver.zones)
    begins = str(waiver.starts_on) if waiver.starts_on else translate(language, _("承認の日から"))
    lines: list[Line] = [(_("対象"), "、".join(where) or everywhere)]
    lines.append((_("グループ"), "、".join(sorted(waiver.groups)) or translate(language, _("全員"))))
    lines.append((_("期間"), f"{begins} ～ {waiver.ends_on}"))
    if waiver.for_mode is Mode.BCP:
        lines.append((_("使う場面"), translate(language, _("業務継続（災害時）の間だけ"))))
    lines += [
        line
        for line in (
            (_("追加で認める接続元"), words(language, waiver.origins, ORIGINS)),
            (_("追加で認める回線"), words(language, waiver.segments, SEGMENTS)),
            (_("追加で認める端末"), words(language, waiver.devices, DEVICE_KINDS)),
            (_("追加で通すもの"), words(language, waiver.grants, GRANTS)),
            (_("テレワークの承認なしで認める接続元"), words(language, waiver.without_approval_from, ORIGINS)),
            (_("端末証明書なしで認める接続元"), words(language, waiver.without_certificate_from, ORIGINS)),
        )
        if line[1]
    ]
    if waiver.outside_hours:
        lines.append((_("利用時間"), translate(language, _("利用時間の外でも認める"))))
    return lines


def rules_lines(language: Language, rules: RuleSet) -> list[Line]:
    """The rules as the form shows them; what restricts nothing is left out."""
    asked = rules.restrictions
    origins = asked.origins if rules.origins is None else rules.origins
    lines: list[Line] = [
        (_("利用できるグループ"), "、".join(sorted(rules.groups or ()))),
        (_("接続元区分"), words(language, origins or (), ORIGINS)),
        (_("回線"), words(language, asked.segments or (), SEGMENTS)),
        (_("端末"), words(language, asked.devices or (), DEVICE_KINDS)),
        (_("利用時間"), "" if asked.hours is None else _hours_text(language, asked.hours)),
        (_("庁外からの週の日数"), _number(asked.days_per_week)),
        (_("同時に使える数"), _number(asked.max_sessions)),
        (_("二要素認証の有効時間（分）"), _number(None if asked.step_up_s is None else -(-asked.step_up_s // 60))),
    ]
    return [line for line in lines if line[1]]


def _looser_lines(language: Language, rules: RuleSet) -> list[Line]:
    parts = rules.looser if isinstance(rules, Proposal) else ()
    told = "、".join(dict.fromkeys(translate(language, LOOSER[part]) for part in parts))
    return [(_("前の版よりゆるくなるところ"), told)] if told else []


def words(language: Language, chosen: Iterable[WordT], texts: Mapping[WordT, str]) -> str:
    """Chosen words in the order in which they are always shown."""
    picked = set(chosen)
    return "、".join(translate(language, text) for word, text in texts.items() if word in picked)


def _hours_text(language: Language, hours: Hours) -> str:
    parts = [f"{hours.opens:%H:%M}～{hours.closes:%H:%M}"]
    if hours.closes_for_lunch:
        parts.append(translate(language, _("昼休みは閉める")))
    if hours.on_closed_days:
        parts.append(translate(language, _("閉庁日も使える")))
    return "、".join(parts)


def _number(number: int | None) -> str:
    return "" if number is None else str(number)
