"""Results, details and causes of the audit in words. Every text is a message id; what is not listed shows its code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.model.passwords import NewPasswordFault
from broker.model.reasons import SignedOutCause, SigninRefusal, TicketRefusal
from web.identity_words import IDENTITY_CHECKS
from web.language import gettext_noop as _
from web.lock_words import LOCK_KINDS
from web.reasons import DENIALS, ENDS
from web.words import CERTIFICATE_STATES, DEVICE_KINDS, ORIGINS

OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ok": _("成功"),
        "passed": _("成功"),
        "refused": _("拒否"),
        "failed": _("失敗"),
        "ordered": _("受付済み"),
        "presumed": _("推定"),
        "again": _("再開"),
        "directory_unavailable": _("職員情報を確認できず"),
    }
)

GOOD_OUTCOMES: Final = frozenset({"ok", "passed", "ordered", "presumed", "again"})

SIGNIN_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        SigninRefusal.EMPTY_PASSWORD: _("パスワード未入力"),
        SigninRefusal.LOGIN_MALFORMED: _("職員IDの形式違い"),
        SigninRefusal.UNKNOWN_USER: _("登録のない職員ID"),
        SigninRefusal.AMBIGUOUS_USER: _("職員IDの重複"),
        SigninRefusal.SEVERAL_DIRECTORIES: _("複数のディレクトリに同じ職員ID"),
        SigninRefusal.WRONG_PASSWORD: _("パスワード違い"),
        SigninRefusal.ACCOUNT_DISABLED: _("ディレクトリで無効のアカウント"),
        SigninRefusal.ACCOUNT_EXPIRED: _("ディレクトリで有効期限の切れたアカウント"),
        SigninRefusal.PASSWORD_EXPIRED: _("パスワードの期限切れ（変更が必要）"),
        SigninRefusal.DIRECTORY_LOCKED: _("ディレクトリでロック中のアカウント"),
        SigninRefusal.LOCKOUT_NEAR: _("ディレクトリでのロックを避けるため、確認を見送り"),
        SigninRefusal.ACCOUNT_LOCKED: _("利用停止中のアカウント"),
        SigninRefusal.NOT_ENROLLED: _("認証アプリ未登録"),
        SigninRefusal.WRONG_CODE: _("認証コード違い"),
        SigninRefusal.CODE_REPLAYED: _("使用済みの認証コード"),
        SigninRefusal.RECOVERY_CODE_UNKNOWN: _("登録のない非常用コード"),
        SigninRefusal.ATTEMPT_EXPIRED: _("ログインの時間切れ"),
        SigninRefusal.TOO_MANY_CODES: _("認証コードの誤りが多すぎる"),
        SigninRefusal.PASSKEY_MALFORMED: _("読み取れないパスキーの応答"),
        SigninRefusal.PASSKEY_CHALLENGE: _("使用済みか、別のログインのパスキーの応答"),
        SigninRefusal.PASSKEY_UNKNOWN: _("登録のないパスキー"),
        SigninRefusal.PASSKEY_ORIGIN: _("別のサイトで作られたパスキーの応答"),
        SigninRefusal.PASSKEY_USER_UNVERIFIED: _("パスキーで本人を確認していない（指紋・顔・PIN）"),
        SigninRefusal.PASSKEY_SIGNATURE: _("パスキーの署名違い"),
        SigninRefusal.PASSKEY_COUNTER: _("パスキーの使用回数の後戻り（複製のおそれ）"),
        SigninRefusal.PASSKEY_MODEL: _("認められていない機種のパスキー"),
        SigninRefusal.PASSKEY_REQUIRED: _("パスキーが必要な役割で認証コードを入力"),
        SigninRefusal.ENROLMENT_NOT_ALLOWED_HERE: _("登録を許可していない接続元"),
    }
)

PASSWORD_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        NewPasswordFault.TOO_SHORT: _("新しいパスワードが短い"),
        NewPasswordFault.TOO_SIMPLE: _("新しいパスワードが単純"),
        NewPasswordFault.CONTAINS_NAME: _("新しいパスワードに氏名や職員ID"),
        NewPasswordFault.COMMON: _("ありふれたパスワード"),
        NewPasswordFault.USED_BEFORE: _("以前のパスワードの再利用"),
        NewPasswordFault.TOO_YOUNG: _("前回の変更から日が浅い"),
        NewPasswordFault.NOT_ALLOWED: _("パスワードの変更の権限なし"),
        NewPasswordFault.UNUSABLE: _("パスワードに使えない文字"),
        NewPasswordFault.RULES: _("パスワードの規則に不適合"),
    }
)

TICKET_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        TicketRefusal.UNKNOWN: _("存在しない接続許可証"),
        TicketRefusal.USED: _("使用済みの接続許可証"),
        TicketRefusal.EXPIRED: _("接続許可証の期限切れ"),
        TicketRefusal.WRONG_TUNNEL: _("別のブラウザーからの接続"),
        TicketRefusal.WRONG_ZONE: _("別のネットワーク領域の中継装置"),
        TicketRefusal.WRONG_ENTRANCE: _("別の入口の中継装置"),
        TicketRefusal.SESSION_ENDED: _("終了したセッション"),
        TicketRefusal.SIGNED_OUT: _("ログアウト済み"),
        TicketRefusal.POLICY: _("接続の条件を満たさない"),
        TicketRefusal.NO_DESKTOP: _("仮想デスクトップなし"),
    }
)

ENTRANCE_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_entrance": _("設定にない入口"),
        "headers_malformed": _("入口の装置からの不正な通知"),
        "device_certificate_missing": _("端末証明書なし"),
        "address_in_no_range": _("設定にない接続元アドレス"),
    }
)

BROWSER_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "malformed": _("読み取れない要求"),
        "not_listed": _("接続先の一覧にない"),
        "address_closed": _("閲覧できないアドレスを指す名前"),
        "unresolved": _("名前が見つからない"),
        "unreachable": _("応答しない接続先"),
        "not_tls": _("TLSではない通信"),
        "name_mismatch": _("別のサーバーを指す通信"),
        "too_many": _("同時の通信が多すぎる"),
        "too_slow": _("時間切れの要求"),
    }
)

DETAIL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "login": _("職員ID"),
        "identity_check": _("本人であることの確認方法"),
        "drift_steps": _("スマートフォンの時計のずれ"),
        "key": _("鍵の番号"),
        "roles": _("役割"),
        "websessions": _("ログアウトさせたログインの数"),
        "scope": _("数え方"),
        "cause": _("原因"),
        "reason": _("理由"),
        "note": _("理由"),
        "pool": _("プール"),
        "user": _("職員"),
        "desktop": _("仮想デスクトップ"),
        "session": _("セッション"),
        "name": _("名前"),
        "attachment": _("接続番号"),
        "attachments": _("接続の数"),
        "bytes_to_browser": _("画面の転送量（バイト）"),
        "bytes_from_browser": _("操作の転送量（バイト）"),
        "after_redeem_ms": _("画面が出るまで（ミリ秒）"),
        "takes_over": _("別画面からの切替え"),
        "zones": _("ネットワーク領域"),
        "factor": _("認証方法"),
        "origin": _("接続元区分"),
        "gateway": _("中継装置"),
        "entrance": _("入口"),
        "from": _("前の接続元"),
        "state": _("状態"),
        "fault": _("障害の内容"),
        "fields": _("変更した項目"),
        "change": _("変更"),
        "attempts": _("失敗の回数"),
        "until": _("終了時刻（UTC）"),
        "was_enrolled": _("登録の有無"),
        "rules": _("満たさない条件"),
        "records": _("件数"),
        "rows": _("件数"),
        "event": _("できごと"),
        "text": _("言葉"),
        "since": _("開始日"),
        "action": _("操作"),
        "way": _("向き"),
        "outcome": _("結果"),
        "bytes": _("長さ（バイト）"),
        "characters": _("長さ（文字）"),
        "sha256": _("内容のハッシュ値（SHA-256）"),
        "clipboard_refused": _("遮断したクリップボードの数"),
        "count": _("件数"),
        "device": _("端末"),
        "certificate": _("端末証明書"),
        "serial": _("証明書の番号"),
        "ends": _("有効期限（UTC）"),
        "owner": _("使用者"),
        "kind": _("端末の種別"),
        "sim_line": _("SIM回線"),
        "days": _("残り日数"),
        "ended": _("失効させた証明書の数"),
        "host": _("接続先"),
        "port": _("ポート"),
        "bytes_out": _("送った量（バイト）"),
        "bytes_in": _("受け取った量（バイト）"),
        "seen_at": _("観測時刻（UTC）"),
        "web_sessions": _("ログアウトさせたログインの数"),
        "sync_kind": _("同期の範囲"),
        "people": _("職員の数"),
        "groups": _("グループの数"),
        "group_names": _("グループ"),
        "added": _("追加した数"),
        "changed": _("変更した数"),
        "gone": _("一覧から外した数"),
        "missing": _("見つからない数"),
        "known": _("前の一覧の数"),
        "took_ms": _("かかった時間（ミリ秒）"),
    }
)

VALUES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "identity_check": {check.value: text for check, text in IDENTITY_CHECKS.items()},
        "cause": {**SIGNIN_CAUSES, **PASSWORD_CAUSES, **TICKET_CAUSES, **ENTRANCE_CAUSES, **BROWSER_CAUSES},
        "reason": {
            **{reason.value: told.what for reason, told in ENDS.items()},
            "signed_out_everywhere": _("すべての端末からログアウト"),
            "signed_out": _("本人のログアウト"),
            "idle": _("操作がないまま時間が経過"),
            "expired": _("ログインの有効時間の終了"),
            "factor_changed": _("認証方法の変更"),
            SignedOutCause.OTHER_ENTRANCE: _("別の入口からの操作"),
            SignedOutCause.DEVICE_MISSING: _("端末証明書を確認できない"),
            SignedOutCause.DEVICE_OTHER: _("別の端末からの操作"),
            SignedOutCause.DEVICE_REFUSED: _("端末証明書の失効または期限切れ"),
        },
        "factor": {
            "totp": _("認証アプリ"),
            "recovery": _("非常用コード"),
            "recovery_code": _("非常用コード"),
            "passkey": _("パスキー"),
        },
        "scope": dict(LOCK_KINDS),
        "origin": {origin.value: name for origin, name in ORIGINS.items()},
        "way": {"in": _("端末から仮想デスクトップへ"), "out": _("仮想デスクトップから端末へ")},
        "outcome": {
            "passed": _("成功"),
            "too_long": _("長すぎる"),
            "not_text": _("文字ではない"),
            "not_carried": _("送れない文字がある"),
            "too_often": _("回数が多すぎる"),
        },
        "certificate": {state.value: name for state, name in CERTIFICATE_STATES.items()},
        "kind": {kind.value: name for kind, name in DEVICE_KINDS.items()},
        "sync_kind": {"full": _("全件"), "changes": _("変更分")},
        "takes_over": {"true": _("あり"), "false": _("なし")},
        "was_enrolled": {"true": _("あり"), "false": _("なし")},
    }
)
"""Words of a detail's values, by its key."""

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "user": _("職員"),
        "login": _("入力された職員ID"),
        "pool": _("プール"),
        "desktop": _("仮想デスクトップ"),
        "session": _("セッション"),
        "assignment": _("割当"),
        "gateway": _("中継装置"),
        "agent": _("エージェント"),
        "entrance": _("入口"),
        "zone": _("ネットワーク領域"),
        "device": _("端末"),
        "directory": _("ディレクトリ"),
        "tenant": _("団体"),
        "throttle": _("ログイン一時停止"),
        "address": _("接続元アドレス"),
        "local": _("サーバー上の操作（コマンド）"),
    }
)
"""Kinds of actors and subjects."""

SYSTEM: Final = _("システム（自動）")
AUDIT_ITSELF: Final = _("監査ログ")


def name_outcome(outcome: str) -> str | None:
    """A result in words; refusals of policy and of tickets bring their reason along."""
    told = {**{reason.value: one.what for reason, one in DENIALS.items()}, **TICKET_CAUSES}
    return OUTCOMES.get(outcome) or told.get(outcome)
