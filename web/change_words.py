"""Changes of rules as people read them: states, refusals, what an exception opens. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.policy_records import ChangeKind
from broker.model.rules import GrantName
from broker.policy.second_person import ChangeRefusal
from web.language import gettext_noop as _

CHANGE_KINDS: Final[Mapping[ChangeKind, str]] = MappingProxyType(
    {ChangeKind.EXCEPTION: _("例外"), ChangeKind.RULES: _("規則の変更"), ChangeKind.MODE: _("運用状態の変更")}
)

CHANGE_STATES: Final[Mapping[ChangeState, str]] = MappingProxyType(
    {
        ChangeState.REQUESTED: _("承認待ち"),
        ChangeState.APPROVED: _("有効"),
        ChangeState.REJECTED: _("却下"),
        ChangeState.WITHDRAWN: _("取下げ"),
        ChangeState.REVOKED: _("取消し"),
        ChangeState.EXPIRED: _("期限切れ"),
        ChangeState.REPLACED: _("差替え済み"),
    }
)
NOT_BEGUN: Final = _("承認済み（開始前）")

DECISIONS: Final[Mapping[ChangeEvent, str]] = MappingProxyType(
    {
        ChangeEvent.APPROVED: _("承認する"),
        ChangeEvent.REJECTED: _("却下する"),
        ChangeEvent.WITHDRAWN: _("申請を取り下げる"),
        ChangeEvent.REVOKED: _("今すぐ取り消す"),
    }
)
"""Buttons of the decisions that people take."""

GRANTS: Final[Mapping[GrantName, str]] = MappingProxyType(
    {
        GrantName.CLIPBOARD_IN: _("クリップボード（端末から仮想デスクトップへ）"),
        GrantName.CLIPBOARD_OUT: _("クリップボード（仮想デスクトップから端末へ）"),
        GrantName.FILE_IN: _("ファイル（端末から仮想デスクトップへ）"),
        GrantName.FILE_OUT: _("ファイル（仮想デスクトップから端末へ）"),
        GrantName.PRINT_OUT: _("印刷"),
        GrantName.AUDIO_OUT: _("音声の再生"),
        GrantName.MICROPHONE: _("マイク"),
    }
)

CHANGE_REFUSALS: Final[Mapping[ChangeRefusal, str]] = MappingProxyType(
    {
        ChangeRefusal.REASON_MISSING: _("理由を入力してください。監査ログに残ります。"),
        ChangeRefusal.NOT_SIGNED_IN: _("本人がポータルにログインして操作してください。"),
        ChangeRefusal.OWN_REQUEST: _("自分の申請は承認できません。別の管理者が承認してください。"),
        ChangeRefusal.NOT_OWN_REQUEST: _("取り下げられるのは申請した本人だけです。止める場合は却下してください。"),
        ChangeRefusal.STEP_UP_NEEDED: _(
            "10分以内の二要素認証が必要です。「もう一度の本人確認」をしてから、もう一度操作してください。"
        ),
        ChangeRefusal.NO_DECISION: _("承認、却下、取下げ、取消しのどれかを選んでください。"),
        ChangeRefusal.ALREADY_OVER: _("すでに処理が終わっています。一覧で今の状態を確かめてください。"),
        ChangeRefusal.STALE: _("もとにした版のあとに、規則が変わりました。今の規則を見て、もう一度試算してください。"),
        ChangeRefusal.IN_PAST: _("過去の日付です。今日以降の日付にしてください。"),
        ChangeRefusal.TOO_LONG: _("期間が、既定の規則で許された長さを超えています。期間を短くしてください。"),
        ChangeRefusal.CONTRADICTORY: _("内容に誤りがあります。次のところを直してください。"),
        ChangeRefusal.LOOSENS_NOTHING: _(
            "既定の規則で、すでに認められています。例外は要りません。団体やプールの規則を確かめてください。"
        ),
        ChangeRefusal.CHANGES_NOTHING: _("今の規則と同じです。変えるところを入力してください。"),
    }
)

LOOSER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "groups": _("利用できるグループ"),
        "origins": _("接続元区分"),
        "restrictions.origins": _("接続元区分"),
        "restrictions.segments": _("回線"),
        "restrictions.devices": _("端末"),
        "restrictions.grants": _("画面と入力以外に通すもの"),
        "restrictions.certificate_from": _("端末証明書"),
        "restrictions.approval_from": _("テレワークの承認"),
        "restrictions.hours": _("利用時間"),
        "restrictions.days_per_week": _("庁外からの週の日数"),
        "restrictions.max_sessions": _("同時に使える数"),
        "restrictions.step_up_s": _("二要素認証の有効時間"),
        "restrictions.idle_limit_s": _("操作がないときの制限時間"),
        "restrictions.absolute_limit_s": _("連続利用の制限時間"),
    }
)
"""What a change of rules loosens, by the name of the part."""
