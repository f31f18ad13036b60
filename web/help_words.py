"""Why somebody could not sign in, in words for a help desk on the phone: what it is, what to do. Message ids."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.model.reasons import SignedOutCause, SigninRefusal
from broker.people.hindrances import HindranceKind, SigninKind
from web.language import gettext_noop as _

_RETYPE: Final = _("大文字・小文字、全角・半角を確かめて、もう一度入力してもらってください。")
_DIRECTORY: Final = _("ディレクトリの管理担当に、アカウントの状態を確認してもらってください。")
_PASSKEY: Final = _("はじめからログインし直し、パスキーをもう一度使ってもらってください。")
_FACTOR: Final = _("本人確認のうえ「認証アプリの登録を解除」し、庁内で登録し直してもらってください。")

SIGNIN_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        SigninRefusal.EMPTY_PASSWORD: _("パスワードを入力してもらってください。"),
        SigninRefusal.LOGIN_MALFORMED: _("職員IDに余計な文字が入っています。入力し直してもらってください。"),
        SigninRefusal.UNKNOWN_USER: _(
            "職員IDの打ち間違いか、ディレクトリに未登録です。職員IDを復唱してもらってください。"
        ),
        SigninRefusal.AMBIGUOUS_USER: _(
            "同じ職員IDがディレクトリに二つ以上あります。ディレクトリの管理担当へ連絡してください。"
        ),
        SigninRefusal.SEVERAL_DIRECTORIES: _("職員IDを「職員ID@所属の名前」の形で入力してもらってください。"),
        SigninRefusal.WRONG_PASSWORD: _RETYPE,
        SigninRefusal.ACCOUNT_DISABLED: _DIRECTORY,
        SigninRefusal.ACCOUNT_EXPIRED: _DIRECTORY,
        SigninRefusal.PASSWORD_EXPIRED: _(
            "パスワードの変更が必要です。変更の画面が出なければ、庁内の端末で変更してもらってください。"
        ),
        SigninRefusal.DIRECTORY_LOCKED: _(
            "ディレクトリ側でロックされています。解除を待つか、ディレクトリで解除してください。"
        ),
        SigninRefusal.LOCKOUT_NEAR: _(
            "あと一度間違えるとディレクトリでロックされるため止めています。しばらく待ってもらってください。"
        ),
        SigninRefusal.ACCOUNT_LOCKED: _(
            "利用停止の理由を監査ログで確かめ、問題がなければ「利用停止を解除」してください。"
        ),
        SigninRefusal.NOT_ENROLLED: _("庁内で一度ログインし、認証アプリを登録してもらってください。"),
        SigninRefusal.WRONG_CODE: _("スマートフォンの時刻を自動設定にして、新しいコードを入力してもらってください。"),
        SigninRefusal.CODE_REPLAYED: _("同じコードは2回使えません。次のコードに変わるまで待ってもらってください。"),
        SigninRefusal.RECOVERY_CODE_UNKNOWN: _(
            "使用済みか、古い一覧の非常用コードです。ほかのコードを試してもらってください。"
        ),
        SigninRefusal.PASSKEY_MALFORMED: _PASSKEY,
        SigninRefusal.PASSKEY_CHALLENGE: _PASSKEY,
        SigninRefusal.PASSKEY_UNKNOWN: _(
            "登録したパスキーを選んでもらってください。なければ登録を解除し、庁内で登録し直します。"
        ),
        SigninRefusal.PASSKEY_ORIGIN: _(
            "案内したアドレスで開いているか確かめてください。偽のサイトのおそれがあります。"
        ),
        SigninRefusal.PASSKEY_USER_UNVERIFIED: _("指紋、顔、またはPINで確認してもらってください。"),
        SigninRefusal.PASSKEY_SIGNATURE: _PASSKEY,
        SigninRefusal.PASSKEY_COUNTER: _("鍵が複製されたおそれがあります。そのパスキーの登録を解除してください。"),
        SigninRefusal.PASSKEY_MODEL: _("団体で認めている機種のセキュリティキーを使ってもらってください。"),
        SigninRefusal.PASSKEY_REQUIRED: _(
            "この役割にはパスキーが必要です。認証コードではなくパスキーでログインしてもらってください。"
        ),
        SigninRefusal.ATTEMPT_EXPIRED: _("時間切れです。はじめからログインし直してもらってください。"),
        SigninRefusal.TOO_MANY_CODES: _FACTOR,
        SigninRefusal.ENROLMENT_NOT_ALLOWED_HERE: _(
            "認証アプリの登録は庁内からだけできます。庁内でログインしてもらってください。"
        ),
    }
)

SIGNED_OUT_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        SignedOutCause.OTHER_ENTRANCE: _("接続元が変わりました。今の接続元でログインし直してもらってください。"),
        SignedOutCause.DEVICE_MISSING: _("端末証明書が見つかりません。証明書の入った端末か確かめてください。"),
        SignedOutCause.DEVICE_OTHER: _("別の端末からの操作です。心当たりがなければ「利用を停止」してください。"),
        SignedOutCause.DEVICE_REFUSED: _("端末証明書の失効か期限切れです。「端末」で状態を確かめてください。"),
        "idle": _("操作がないまま時間が過ぎました。ログインし直してもらってください。"),
        "expired": _("ログインの有効時間が終わりました。ログインし直してもらってください。"),
    }
)

SIGNIN_KINDS: Final[Mapping[SigninKind, str]] = MappingProxyType(
    {
        SigninKind.SIGNED_IN: _("ログイン成功"),
        SigninKind.REFUSED: _("ログイン拒否"),
        SigninKind.THROTTLED: _("待ち時間の開始"),
        SigninKind.DIRECTORY_SILENT: _("ディレクトリの応答なし"),
        SigninKind.POOL_REFUSED: _("プールへの接続拒否"),
        SigninKind.SIGNED_OUT: _("自動ログアウト"),
    }
)

HINDRANCES: Final[Mapping[HindranceKind, tuple[str, str]]] = MappingProxyType(
    {
        HindranceKind.LOCKED: (_("利用停止中です"), SIGNIN_ADVICE[SigninRefusal.ACCOUNT_LOCKED]),
        HindranceKind.LEFT: (_("ディレクトリで無効、期限切れ、または削除されています"), _DIRECTORY),
        HindranceKind.ADDRESS_BLOCKED: (_("接続元を遮断しています"), _("「ロック」で理由を確かめてください。")),
        HindranceKind.WAITS: (
            _("失敗が続いたため待ち時間です"),
            _("終わるまで待つか、本人確認のうえ、下の「ロック」で解除してください。"),
        ),
        HindranceKind.NOT_ENROLLED: (_("認証アプリもパスキーも未登録です"), SIGNIN_ADVICE[SigninRefusal.NOT_ENROLLED]),
        HindranceKind.DEVICE_REVOKED: (
            _("失効した端末があります"),
            _("見つかった端末なら、新しい端末として登録し直してください。"),
        ),
        HindranceKind.DEVICE_EXPIRED: (
            _("証明書の期限が切れた端末があります"),
            _("「端末」で証明書を更新してください。"),
        ),
        HindranceKind.MODE: (_("運用状態が通常ではありません"), _("終了の予定を伝えてください。")),
        HindranceKind.LAST_REFUSED: (_("直前のログインは拒否されました"), _("下の「最近のログイン」を見てください。")),
    }
)
"""What it is, and what to do when nothing more particular is known."""

DIRECTORY_SILENT_ADVICE: Final = _("ディレクトリが応答していません。「ディレクトリ」で状態を確かめてください。")
THROTTLED_ADVICE: Final = HINDRANCES[HindranceKind.WAITS][1]
