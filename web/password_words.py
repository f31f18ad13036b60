"""What the pages say about passwords: rules, refusals, and what was not filled in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.model.passwords import NewPasswordFault, PasswordPolicy
from web.language import Language, translate
from web.language import gettext_noop as _

FAULTS: Final[Mapping[NewPasswordFault, str]] = MappingProxyType(
    {
        NewPasswordFault.TOO_SHORT: _("新しいパスワードが短すぎます。もっと長いパスワードにしてください。"),
        NewPasswordFault.TOO_SIMPLE: _(
            "新しいパスワードが単純すぎます。英大文字、英小文字、数字、記号のうち3種類以上を使い、氏名や職員IDを含めないでください。"
        ),
        NewPasswordFault.CONTAINS_NAME: _(
            "新しいパスワードに氏名か職員IDが含まれています。含まない別のパスワードにしてください。"
        ),
        NewPasswordFault.COMMON: _(
            "新しいパスワードは、よく使われる語や並びで推測されやすいため使えません。関係のない語をいくつか組み合わせてください。"
        ),
        NewPasswordFault.USED_BEFORE: _("以前に使ったパスワードは使えません。別のパスワードにしてください。"),
        NewPasswordFault.TOO_YOUNG: _(
            "前回の変更から日が浅いため、まだ変更できません。急ぐときは情報システム担当へご連絡ください。"
        ),
        NewPasswordFault.NOT_ALLOWED: _(
            "この画面ではパスワードを変更できない設定になっています。情報システム担当へご連絡ください。"
        ),
        NewPasswordFault.UNUSABLE: _("新しいパスワードに使えない文字があるか、長すぎます。"),
        NewPasswordFault.RULES: _(
            "新しいパスワードが職員情報システムの規則に合いません。下の規則を確かめて、別のパスワードにしてください。"
        ),
    }
)

MISSING: Final = _("3つの欄をすべて入力してください。")
DIFFERENT: Final = _("新しいパスワードと確認用の入力が一致しません。")
OLD_WRONG: Final = _("現在のパスワードが正しくありません。")
DOWN: Final = _(
    "ただいま職員情報システムに確認できないため、変更できたかどうか分かりません。しばらく待って、新しいパスワードでログインできるか確かめてください。"
)
CHANGED: Final = _("パスワードを変更しました。ほかの端末でのログインは終了しました。")

_LENGTH: Final = _("{n}文字以上")
_KINDS: Final = _("英大文字、英小文字、数字、記号のうち3種類以上（氏名や職員IDは含めない）")
_HISTORY: Final = _("過去{n}回のパスワードと異なるもの")
_AGE: Final = _("変更してから{n}日間は、次の変更ができません")
_NOT_TOLD: Final = _("長さや文字の種類などの規則は、情報システム担当の案内に従ってください")
_DAY_S: Final = 86_400


def describe_policy(policy: PasswordPolicy, language: Language) -> list[str]:
    """The rules, one a line; a line that says so where the directory tells none."""
    lines: list[str] = []
    if policy.min_length:
        lines.append(translate(language, _LENGTH).format(n=policy.min_length))
    if policy.needs_kinds:
        lines.append(translate(language, _KINDS))
    if policy.history:
        lines.append(translate(language, _HISTORY).format(n=policy.history))
    if policy.min_age_s:
        lines.append(translate(language, _AGE).format(n=-(-policy.min_age_s // _DAY_S)))
    return lines or [translate(language, _NOT_TOLD)]
