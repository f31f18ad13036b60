"""Refusals and ends in plain words: what happened, and what would have to be different."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.reasons import DenyReason, EndReason, SignedOutCause
from web.language import gettext_noop as _


class Reason(msgspec.Struct, frozen=True):
    """Two message ids: ``what`` happened, and the ``remedy``."""

    what: str
    remedy: str


_DESK: Final = _("情報システム担当へお問い合わせください。")

SIGNED_OUT_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        SignedOutCause.OTHER_ENTRANCE: _(
            "ログインしたときと異なる接続元から操作されたため、ログアウトしました。今の接続元でログインし直してください。"
        ),
        SignedOutCause.DEVICE_MISSING: _(
            "ログインしたときの端末証明書を確認できないため、ログアウトしました。同じ端末でログインし直してください。"
        ),
        SignedOutCause.DEVICE_OTHER: _(
            "ログインしたときと異なる端末から操作されたため、ログアウトしました。今の端末でログインし直してください。"
        ),
        SignedOutCause.DEVICE_REFUSED: _(
            "この端末の証明書が失効しているか期限切れのため、ログアウトしました。情報システム担当へご連絡ください。"
        ),
    }
)
"""What the page of the password step says, by cause."""

DENIALS: Final[Mapping[DenyReason, Reason]] = MappingProxyType(
    {
        DenyReason.NOT_SIGNED_IN: Reason(
            _("ログインを確認できません"), _("ログアウトして、ログインし直してください。")
        ),
        DenyReason.SECOND_FACTOR_MISSING: Reason(
            _("二要素認証が済んでいません"), _("ログアウトして、認証コードでログインし直してください。")
        ),
        DenyReason.ACCOUNT_LOCKED: Reason(
            _("アカウントが利用停止になっています"),
            _("利用停止が解除されるまで利用できません。情報システム担当へお問い合わせください。"),
        ),
        DenyReason.ORIGIN_UNKNOWN: Reason(
            _("接続元区分を確認できません"),
            _("庁内など、案内された接続方法で接続し直してください。続く場合は情報システム担当へご連絡ください。"),
        ),
        DenyReason.ORIGIN_NOT_ALLOWED: Reason(
            _("今の接続元からは利用できません"), _("利用できる接続元（庁内など）から接続し直してください。")
        ),
        DenyReason.NOT_ENTITLED: Reason(
            _("利用権がありません"), _("業務で必要な場合は、所属長を通じて利用権を申請してください。")
        ),
        DenyReason.POOL_CLOSED: Reason(
            _("現在、受付を停止しています"), _("情報システム担当が受付を再開するまでお待ちください。")
        ),
        DenyReason.MAINTENANCE: Reason(_("メンテナンス中です"), _("メンテナンスの終了をお待ちください。")),
        DenyReason.RULES_UNKNOWN: Reason(
            _("利用の規則を確認できません"),
            _("規則の設定が必要です。情報システム担当へご連絡ください。"),
        ),
        DenyReason.SEGMENT_NOT_ALLOWED: Reason(
            _("今の回線（無線など）からは利用できません"), _("庁内の有線LANにつないだ端末から接続し直してください。")
        ),
        DenyReason.DEVICE_NOT_ALLOWED: Reason(_("この端末では利用できません"), _("貸与端末から接続し直してください。")),
        DenyReason.CERTIFICATE_NOT_VALID: Reason(
            _("端末証明書が有効ではありません"),
            _("端末の登録と証明書の期限を確かめるため、情報システム担当へご連絡ください。"),
        ),
        DenyReason.APPROVAL_MISSING: Reason(
            _("有効なテレワークの承認がありません"), _("所属長を通じてテレワークの承認を受けてください。")
        ),
        DenyReason.CONSENT_MISSING: Reason(
            _("利用規程の確認が済んでいません"), _("ポータルの「利用規程を確認する」から内容を確認してください。")
        ),
        DenyReason.STEP_UP_NEEDED: Reason(
            _("二要素認証から時間がたっています"),
            _("「もう一度の本人確認」をしてから開いてください。ログアウトは要りません。"),
        ),
        DenyReason.DEGRADED: Reason(
            _("縮退運転中のため、優先業務のデスクトッププールだけを利用できます"),
            _("縮退運転が終わるまでお待ちください。優先業務の利用権があれば、そのプールは使えます。"),
        ),
        DenyReason.OUTSIDE_HOURS: Reason(
            _("利用できる日時ではありません"),
            _("開庁日の利用時間内に接続してください。必要な場合は所属長にご相談ください。"),
        ),
        DenyReason.TOO_MANY_DAYS: Reason(
            _("今週、庁外から利用できる日数を使い切りました"), _("庁内から利用するか、来週の月曜日までお待ちください。")
        ),
        DenyReason.TOO_MANY_SESSIONS: Reason(
            _("同時に利用できるセッションの数を超えています"), _("使っていないセッションをログオフしてください。")
        ),
    }
)

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "signed_in": _("この団体の職員としてログインしていること"),
        "second_factor": _("二要素認証でログインしていること"),
        "not_locked": _("アカウントが利用停止になっていないこと"),
        "origin_known": _("接続元区分が確認できること"),
        "origin_allowed": _("許可された接続元から利用していること"),
        "entitled": _("このデスクトッププールの利用権があること"),
        "pool_open": _("デスクトッププールが受付中であること"),
        "not_in_maintenance": _("メンテナンス中でないこと"),
        "rules_known": _("利用の規則が確認できること"),
        "segment_allowed": _("許可された回線（有線・無線）から利用していること"),
        "device_allowed": _("許可された種類の端末を使っていること"),
        "certificate_valid": _("端末証明書が期限切れや失効でなく、必要な場合は有効であること"),
        "telework_approved": _("必要な場合は、期限内のテレワークの承認があること"),
        "consent_given": _("必要な場合は、現在の利用規程を確認していること"),
        "factor_fresh": _("二要素認証から時間がたちすぎていないこと"),
        "priority_when_degraded": _("縮退運転中は、優先業務のデスクトッププールであること"),
        "within_hours": _("利用できる日時であること"),
        "day_left": _("庁外から利用できる日数が今週残っていること"),
        "session_left": _("同時に利用できるセッションの数を超えていないこと"),
    }
)

RULE_REASONS: Final[Mapping[str, DenyReason]] = MappingProxyType(
    {
        "signed_in": DenyReason.NOT_SIGNED_IN,
        "second_factor": DenyReason.SECOND_FACTOR_MISSING,
        "not_locked": DenyReason.ACCOUNT_LOCKED,
        "origin_known": DenyReason.ORIGIN_UNKNOWN,
        "origin_allowed": DenyReason.ORIGIN_NOT_ALLOWED,
        "entitled": DenyReason.NOT_ENTITLED,
        "pool_open": DenyReason.POOL_CLOSED,
        "not_in_maintenance": DenyReason.MAINTENANCE,
        "rules_known": DenyReason.RULES_UNKNOWN,
        "segment_allowed": DenyReason.SEGMENT_NOT_ALLOWED,
        "device_allowed": DenyReason.DEVICE_NOT_ALLOWED,
        "certificate_valid": DenyReason.CERTIFICATE_NOT_VALID,
        "telework_approved": DenyReason.APPROVAL_MISSING,
        "consent_given": DenyReason.CONSENT_MISSING,
        "factor_fresh": DenyReason.STEP_UP_NEEDED,
        "priority_when_degraded": DenyReason.DEGRADED,
        "within_hours": DenyReason.OUTSIDE_HOURS,
        "day_left": DenyReason.TOO_MANY_DAYS,
        "session_left": DenyReason.TOO_MANY_SESSIONS,
    }
)

_REOPEN: Final = _("続ける場合は、ポータルから開き直してください。")
_RECONNECT: Final = _("作業中の画面は残っています。「再接続」で続きから使えます。")
_RETRY: Final = _("しばらく待ってから再接続してください。続く場合は情報システム担当へご連絡ください。")

ENDS: Final[Mapping[EndReason, Reason]] = MappingProxyType(
    {
        EndReason.LOGGED_OFF: Reason(_("ログオフしました"), _REOPEN),
        EndReason.SIGNED_OUT: Reason(
            _("ポータルからログアウトしました"), _("続ける場合は、もう一度ログインしてください。")
        ),
        EndReason.TERMINATED: Reason(_("情報システム担当がこのセッションを終了しました"), _DESK),
        EndReason.TAKEN_OVER: Reason(
            _("別の画面でこのデスクトップに接続しました"),
            _("この画面に戻す場合は「再接続」を押してください。別の画面は切断されます。"),
        ),
        EndReason.IDLE_LIMIT: Reason(_("操作がない状態が続いたため切断しました"), _RECONNECT),
        EndReason.ABSOLUTE_LIMIT: Reason(_("連続して利用できる時間の上限に達しました"), _REOPEN),
        EndReason.HOURS_ENDED: Reason(
            _("利用できる時間帯が終わりました"), _("必要な場合は、時間外利用を申請してください。")
        ),
        EndReason.DISCONNECT_LIMIT: Reason(_("切断したままの時間が上限を超えたため終了しました"), _REOPEN),
        EndReason.UNSUPERVISED: Reason(_("管理サーバーと通信できない状態が続いたため切断しました"), _RETRY),
        EndReason.DESKTOP_LOST: Reason(_("仮想デスクトップが停止しました"), _REOPEN),
        EndReason.DESKTOP_FAILED: Reason(_("仮想デスクトップを起動できませんでした"), _RETRY),
        EndReason.NO_CAPACITY: Reason(_("空いている仮想デスクトップがありません"), _RETRY),
        EndReason.GATEWAY_LOST: Reason(_("中継装置との通信が切れました"), _RETRY),
        EndReason.CLIENT_CLOSED: Reason(_("切断しました"), _RECONNECT),
        EndReason.CLIENT_SILENT: Reason(_("この端末との通信が途切れました"), _RECONNECT),
        EndReason.CLIENT_MISBEHAVED: Reason(_("受け付けられない通信があったため切断しました"), _RETRY),
        EndReason.GUACD_UNREACHABLE: Reason(_("画面転送サーバーに接続できませんでした"), _RETRY),
        EndReason.GUACD_CLOSED: Reason(_("画面転送が終了しました"), _RETRY),
        EndReason.GUACD_MISBEHAVED: Reason(_("画面転送に問題が発生しました"), _RETRY),
        EndReason.DESKTOP_UNREACHABLE: Reason(_("仮想デスクトップに接続できませんでした"), _RETRY),
        EndReason.DESKTOP_SIGNIN_FAILED: Reason(_("仮想デスクトップにログオンできませんでした"), _DESK),
        EndReason.RESTRICTION_UNSUPPORTED: Reason(_("必要な制限をかけられないため接続しませんでした"), _DESK),
        EndReason.ABANDONED: Reason(_("接続が始まらなかったため終了しました"), _REOPEN),
        EndReason.ENTITLEMENT_LOST: Reason(_("利用権がなくなったため終了しました"), _DESK),
        EndReason.ACCOUNT_LOCKED: Reason(_("アカウントが利用停止になったため終了しました"), _DESK),
        EndReason.APPROVAL_ENDED: Reason(
            _("テレワークの承認が終わったため終了しました"), _("所属長を通じてテレワークの承認を受けてください。")
        ),
        EndReason.DEVICE_REFUSED: Reason(_("この端末を使えなくなったため終了しました"), _DESK),
        EndReason.MODE_CHANGED: Reason(_("運用の切替えのため終了しました"), _("切替えの終了をお待ちください。")),
        EndReason.POLICY_CHANGED: Reason(
            _("利用の規則が変わったため終了しました"), _("ポータルに戻り、接続できるかを確かめてください。")
        ),
        EndReason.GRANTS_CHANGED: Reason(_("利用の条件が変わったため切断しました"), _RECONNECT),
        EndReason.GATEWAY_STOPPED: Reason(_("中継装置が停止しました"), _RETRY),
        EndReason.WATERMARK_UNAVAILABLE: Reason(_("画面に透かしを表示できないため接続しませんでした"), _DESK),
    }
)
