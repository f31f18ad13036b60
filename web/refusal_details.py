"""The field and the fault that a refusal of rules names, in the words of the console. Pure.

The broker tells them in one line for programs and the command line (``ends_on: 2026-01-01 is in the past``).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from web.language import Language, translate
from web.language import gettext_noop as _
from web.words import ORIGINS

_DETAILS: Final[tuple[tuple[str, str], ...]] = (
    (r"ends_on: (?P<day>\S+) is in the past", _("最終日：{day}")),
    (r"starts_on: (?P<day>\S+) is in the past", _("初日：{day}")),
    (r"starts_on: (?P<day>\S+) is after its end (?P<end>\S+)", _("初日（{day}）が、最終日（{end}）より後です。")),
    (
        r"ends_on: the baseline allows (?P<most>\d+) days at most, this one lasts (?P<days>\d+)",
        _("長くても{most}日までです。この申請は{days}日あります。"),
    ),
    (r": it loosens nothing", _("追加で認めるものを、一つ以上選んでください。")),
    (
        r"outside_hours: .*",
        _(
            "「利用時間の外でも認める」は、業務継続（災害時）の間だけの例外で選べます。ふだんの時間は利用時間の規則で変えます。"
        ),
    ),
    (r"groups: holds control characters", _("対象のグループに、使えない文字（制御文字など）があります。")),
    (r"groups: an empty list would let nobody in", _("利用できるグループが空欄では、だれも使えません。")),
    (r"(?:\S+\.)?origins: an empty list would let nobody in.*", _("接続元区分を一つも選ばないと、だれも使えません。")),
    (
        r"(?:\S+\.)?origins: (?P<origin>\w+) is refused by the baseline; .*",
        _("接続元区分の「{origin}」は、既定の規則で認められていません。選択を外すか、先に例外の承認を受けてください。"),
    ),
    (
        r"(?:\S+\.)?origins: (?P<origin>\w+) is refused by the tenant; .*",
        _("接続元区分の「{origin}」は、団体の規則で認められていません。選択を外すか、先に団体の規則を変えてください。"),
    ),
    (
        r"(?:\S+\.)?hours: opens at (?P<opens>\S+) but closes at (?P<closes>\S+)",
        _("利用時間の終了（{closes}）は、開始（{opens}）より後の時刻にしてください。"),
    ),
    (
        r"(?:\S+\.)?hours: lunch (?P<begins>\S+) to (?P<ends>\S+) does not lie in the hours",
        _("昼休み（{begins}～{ends}）が利用時間の中にありません。「昼休みは閉める」の選択を外してください。"),
    ),
    (r"login: \S+ is your own; .*", _("自分のテレワークは承認できません。別の管理者に依頼してください。")),
    (r"login: is empty, .*", _("職員IDを入力してください。目に見えない文字は使えません。")),
    (r"reason: is empty or holds .*", _("理由を入力してください。目に見えない文字は使えません。")),
    (r"(?:\S+\.)?days_per_week: .*", _("庁外からの週の日数は、1から7までにしてください。")),
    (r"(?:\S+\.)?max_sessions: \S+ would let nobody in", _("同時に使える数が0では、だれも使えません。")),
    (r"(?:\S+\.)?step_up_s: \S+ would let nobody in", _("二要素認証の有効時間が0分では、だれも使えません。")),
)
_SAID_ALREADY: Final = (
    r"reason: is empty; .*",
    r"the baseline asks for none of this .*",
    r"these rules hold already",
    r"made from version \d+, but version \d+ holds now: .*",
    r"this needs a person's own sign-in .*",
    r"nobody approves their own request: .*",
    r"sign in again: .*",
)
"""What the code's own text says already."""
_NAMED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"origin": {str(origin): text for origin, text in ORIGINS.items()}}
)


def explain_refusal(language: Language, why: str) -> str:
    """A sentence for people; empty where nothing is to be added, and the line itself where no words are known."""
    if any(re.fullmatch(known, why) for known in _SAID_ALREADY):
        return ""
    for known, text in _DETAILS:
        if found := re.fullmatch(known, why):
            named = {name: _name_of(language, name, value) for name, value in found.groupdict().items()}
            return translate(language, text).format(**named)
    return why


def _name_of(language: Language, name: str, value: str) -> str:
    return translate(language, _NAMED.get(name, {}).get(value, value))
