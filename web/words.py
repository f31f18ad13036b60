"""The words of states, kinds and roles as people read them. Every text is a message id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.kinds import CertificateState, DesktopProtocol, DeviceKind, Mode, Origin, PoolKind, Role, Segment
from web.language import gettext_noop as _

SESSION_STATES: Final[Mapping[SessionState, str]] = MappingProxyType(
    {
        SessionState.REQUESTED: _("準備中"),
        SessionState.QUEUED: _("順番待ち"),
        SessionState.TICKETED: _("接続しようとしています"),
        SessionState.ACTIVE: _("接続中"),
        SessionState.PARKED: _("回線の回復待ち"),
        SessionState.DISCONNECTED: _("切断中"),
        SessionState.ENDED: _("終了"),
        SessionState.FAILED: _("異常終了"),
    }
)

DESKTOP_STATES: Final[Mapping[DesktopState, str]] = MappingProxyType(
    {
        DesktopState.ABSENT: _("未作成"),
        DesktopState.STARTING: _("起動中"),
        DesktopState.READY: _("空き"),
        DesktopState.RESERVED: _("割当済み"),
        DesktopState.IN_USE: _("使用中"),
        DesktopState.RESETTING: _("初期化中"),
        DesktopState.STOPPED: _("停止中"),
        DesktopState.DRAINING: _("メンテナンス準備中"),
        DesktopState.FAULTY: _("障害"),
        DesktopState.RETIRED: _("廃止"),
    }
)

ORIGINS: Final[Mapping[Origin, str]] = MappingProxyType(
    {
        Origin.OFFICE: _("庁内"),
        Origin.CLOSED_SIM: _("閉域SIM"),
        Origin.SATELLITE: _("サテライト"),
        Origin.INTERNET: _("自宅"),
    }
)

SEGMENTS: Final[Mapping[Segment, str]] = MappingProxyType(
    {Segment.WIRED: _("有線"), Segment.WIRELESS: _("無線"), Segment.UNKNOWN: _("不明な回線")}
)

DEVICE_KINDS: Final[Mapping[DeviceKind, str]] = MappingProxyType(
    {DeviceKind.MANAGED: _("貸与端末"), DeviceKind.BYOD: _("私物端末"), DeviceKind.NONE: _("未登録の端末")}
)

CERTIFICATE_STATES: Final[Mapping[CertificateState, str]] = MappingProxyType(
    {
        CertificateState.VALID: _("有効"),
        CertificateState.EXPIRED: _("期限切れ"),
        CertificateState.NOT_YET_VALID: _("有効期間の開始前"),
        CertificateState.REVOKED: _("失効"),
        CertificateState.ABSENT: _("なし"),
        CertificateState.OTHER_AUTHORITY: _("別の認証局が発行"),
        CertificateState.FORGED: _("署名が一致しない（偽造の疑い）"),
        CertificateState.WRONG_PURPOSE: _("用途が異なる"),
        CertificateState.NOT_ENROLLED: _("登録なし"),
        CertificateState.OTHER_OWNER: _("ほかの職員の端末"),
        CertificateState.UNREADABLE: _("読み取れない"),
    }
)

MODES: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.NORMAL: _("通常運転"),
        Mode.BCP: _("業務継続（災害時）"),
        Mode.DEGRADED: _("縮退運転"),
        Mode.MAINTENANCE: _("メンテナンス中"),
    }
)

POOL_KINDS: Final[Mapping[PoolKind, str]] = MappingProxyType(
    {PoolKind.FLOATING: _("共有型"), PoolKind.PERSISTENT: _("占有型")}
)

POOL_KIND_NOTES: Final[Mapping[PoolKind, str]] = MappingProxyType(
    {
        PoolKind.FLOATING: _("空いている仮想デスクトップに接続します。ログオフすると初期化されます。"),
        PoolKind.PERSISTENT: _("あなた専用の仮想デスクトップです。ログオフしてもファイルは残ります。"),
    }
)

BROWSER_NOTE: Final = _("決められた接続先だけを閲覧できるブラウザーです。ログオフすると、閲覧の跡は残りません。")
"""In the place of the kind's note for a virtual browser."""

HOST_NOTE: Final = _("空いている接続先に接続します。「利用を終了」を押すと、接続を終えます。")
"""In the place of the kind's note where we can't log off: nothing is reset by our hand."""

PROTOCOLS: Final[Mapping[DesktopProtocol, str]] = MappingProxyType(
    {DesktopProtocol.VNC: "VNC", DesktopProtocol.RDP: "RDP"}
)

ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.SYSTEM_ADMIN: _("総合管理者"),
        Role.TENANT_ADMIN: _("団体管理者"),
        Role.POOL_ADMIN: _("プール管理者"),
        Role.AUDITOR: _("監査担当者"),
    }
)

AUDIT_EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "signin.password_checked": _("パスワード確認"),
        "signin.succeeded": _("ログイン成功"),
        "signin.stepped_up": _("もう一度の本人確認"),
        "signin.step_up_refused": _("もう一度の本人確認の拒否"),
        "signin.refused": _("ログイン拒否"),
        "signin.throttled": _("ログイン一時停止"),
        "throttle.lifted": _("ロックの解除"),
        "address.blocked": _("接続元の遮断"),
        "factor.enrolled": _("最初の認証方法の登録"),
        "factor.added": _("認証方法の追加"),
        "factor.replaced": _("認証アプリの変更"),
        "factor.renamed": _("パスキーの名前の変更"),
        "factor.removed": _("認証方法の削除"),
        "factor.refused": _("パスキー登録の拒否"),
        "factor.reset": _("認証方法の登録解除"),
        "enrolment_code.given": _("登録用コードの発行"),
        "enrolment_code.used": _("登録用コードの使用"),
        "password.change_demanded": _("パスワード変更の要求"),
        "password.change_begun": _("パスワード変更の開始"),
        "password.changed": _("パスワードの変更"),
        "password.change_refused": _("パスワード変更の拒否"),
        "consent.given": _("利用規程の確認"),
        "consent.exported": _("利用規程の確認状況の出力"),
        "local_account.added": _("ローカルアカウントの登録"),
        "local_account.password_given": _("ローカルアカウントの初期パスワードの発行"),
        "local_account.enabled": _("ローカルアカウントの再開"),
        "local_account.disabled": _("ローカルアカウントの停止"),
        "local_account.deleted": _("ローカルアカウントの削除"),
        "local_account.expired": _("ローカルアカウントの期限切れ"),
        "break_glass.begun": _("緊急用管理者の開始"),
        "break_glass.ended": _("緊急用管理者の終了"),
        "sealing_key.added": _("暗号鍵の追加"),
        "sealing_key.promoted": _("暗号鍵の切替え"),
        "sealing_key.rotated": _("新しい鍵での暗号化の完了"),
        "sealing_key.retired": _("暗号鍵の廃止"),
        "recovery_code.renewed": _("非常用コードの作り直し"),
        "recovery_code.used": _("非常用コード使用"),
        "websession.ended": _("ログアウト"),
        "policy.denied": _("接続拒否"),
        "session.opened": _("セッション開始"),
        "session.queued": _("順番待ち開始"),
        "session.assigned": _("順番待ち終了"),
        "session.attached": _("接続"),
        "session.first_frame_drawn": _("画面表示"),
        "session.detached": _("切断"),
        "session.taken_over": _("別画面への切替え"),
        "session.parked": _("回線断（接続を保持）"),
        "session.resumed": _("回線の回復による再開"),
        "session.ended": _("セッション終了"),
        "session.terminated": _("強制切断"),
        "ticket.issued": _("接続許可証の発行"),
        "ticket.refused": _("接続許可証の拒否"),
        "input.refused": _("不正入力の遮断"),
        "clipboard.brought_in": _("クリップボードの持込み"),
        "clipboard.taken_out": _("クリップボードの持出し"),
        "clipboard.refused": _("クリップボードの遮断"),
        "watermark.not_acknowledged": _("透かしの表示を確認できず"),
        "assignment.made": _("割当"),
        "assignment.released": _("割当解除"),
        "desktop.started": _("デスクトップ起動"),
        "desktop.reset": _("デスクトップ初期化"),
        "desktop.failed": _("デスクトップ障害"),
        "desktop.lost": _("デスクトップ消失"),
        "desktop.repaired": _("デスクトップ修復"),
        "pool.changed": _("プール設定変更"),
        "pool.opened": _("プール受付再開"),
        "pool.closed": _("プール受付停止"),
        "user.locked": _("利用停止"),
        "user.unlocked": _("利用停止解除"),
        "exception.recorded": _("例外の登録（設定ファイル）"),
        "exception.requested": _("例外の申請"),
        "exception.approved": _("例外の承認"),
        "exception.rejected": _("例外の却下"),
        "user.left": _("ディレクトリで無効・削除を確認"),
        "user.missed": _("ディレクトリに見つからない（1回目）"),
        "user.changed": _("ディレクトリでの所属・グループの変更"),
        "user.prepared": _("初回のログインの前のアカウントの用意"),
        "directory.sync_asked": _("職員情報の同期の依頼"),
        "directory.synced": _("職員情報の同期"),
        "directory.sync_failed": _("職員情報の同期の失敗"),
        "directory.sync_doubted": _("職員情報の同期を保留（多数が見つからない）"),
        "directory.doubt_confirmed": _("見つからない職員を一覧から外すことの確認"),
        "directory.review_doubted": _("ディレクトリの照合を保留（多数が見つからない）"),
        "exception.withdrawn": _("例外の取下げ"),
        "exception.revoked": _("例外の取消し"),
        "exception.expired": _("例外の期限切れ"),
        "rules.changed": _("規則の変更"),
        "rules.requested": _("規則の変更の申請"),
        "rules.approved": _("規則の変更の承認"),
        "rules.rejected": _("規則の変更の却下"),
        "rules.withdrawn": _("規則の変更の取下げ"),
        "rules.replaced": _("規則の差替え"),
        "mode.requested": _("運用状態の変更の申請"),
        "mode.approved": _("運用状態の変更の承認"),
        "mode.rejected": _("運用状態の変更の却下"),
        "mode.withdrawn": _("運用状態の変更の取下げ"),
        "mode.expired": _("運用状態の終了"),
        "mode.replaced": _("運用状態の差替え"),
        "approval.set": _("テレワーク承認の登録"),
        "approval.withdrawn": _("テレワーク承認の取消し"),
        "mode.changed": _("運用状態の変更"),
        "device.enrolled": _("端末の登録"),
        "device.certificate_issued": _("端末証明書の発行"),
        "device.renewed": _("端末証明書の更新"),
        "device.revoked": _("端末の失効"),
        "device.expiry_warned": _("端末証明書の期限の予告"),
        "policy.rehearsed": _("規則の予行"),
        "gateway.connected": _("中継装置の接続"),
        "gateway.lost": _("中継装置の断"),
        "entrance.refused": _("入口での拒否"),
        "agent.connected": _("エージェントの接続"),
        "agent.lost": _("エージェントの断"),
        "browser.connected": _("仮想ブラウザーの閲覧"),
        "browser.refused": _("仮想ブラウザーの閲覧の拒否"),
        "audit.exported": _("監査ログ出力"),
        "flows.exported": _("特定通信一覧の出力"),
        "tenant.changed": _("団体設定変更"),
        "zone.changed": _("ネットワーク領域設定変更"),
        "user.signed_out": _("強制ログアウト"),
    }
)
"""Japanese names of audit events; an event that is not listed shows its code alone."""
