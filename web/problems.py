"""Everything that a request can come to instead of its answer: status, what happened, what to do next."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from web.language import gettext_noop as _


class Problem(StrEnum):
    """Codes. They stand on the error page and in the API's ``error.code``."""

    BAD_REQUEST = "bad_request"
    NOT_SIGNED_IN = "not_signed_in"
    CSRF_REFUSED = "csrf_refused"
    NOT_ALLOWED = "not_allowed"
    OPEN_DENIED = "open_denied"
    NOT_FOUND = "not_found"
    NO_SUCH_POOL = "no_such_pool"
    NO_SUCH_SESSION = "no_such_session"
    NO_SUCH_DESKTOP = "no_such_desktop"
    NO_SUCH_PERSON = "no_such_person"
    NO_SUCH_DEVICE = "no_such_device"
    NO_SUCH_DIRECTORY = "no_such_directory"
    DIRECTORY_SILENT = "directory_silent"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    STATE_CHANGED = "state_changed"
    PASSKEY_REQUIRED = "passkey_required"
    STEP_UP_REQUIRED = "step_up_required"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    ORIGIN_UNKNOWN = "origin_unknown"
    UNKNOWN_HOST = "unknown_host"
    UNKNOWN_TENANT = "unknown_tenant"
    SERVER_ERROR = "server_error"
    STORE_UNAVAILABLE = "store_unavailable"


class Explanation(msgspec.Struct, frozen=True):
    """``what`` and ``next_step`` are message ids."""

    status: int
    what: str
    next_step: str


_BACK: Final = _("ポータルに戻って、もう一度操作してください。")
_ASK: Final = _("続く場合は、下の番号を添えて情報システム担当へご連絡ください。")

EXPLANATIONS: Final[Mapping[Problem, Explanation]] = MappingProxyType(
    {
        Problem.BAD_REQUEST: Explanation(400, _("送信された内容を読み取れませんでした"), _BACK),
        Problem.NOT_SIGNED_IN: Explanation(401, _("ログインしていません"), _("ログインしてから操作してください。")),
        Problem.CSRF_REFUSED: Explanation(
            403,
            _("この画面の有効期限が切れています"),
            _("前の画面に戻って再読み込みし、もう一度操作してください。"),
        ),
        Problem.NOT_ALLOWED: Explanation(
            403,
            _("この操作をする権限がありません"),
            _("必要な場合は、団体管理者に権限の付与を依頼してください。"),
        ),
        Problem.OPEN_DENIED: Explanation(
            403,
            _("このデスクトッププールには接続できません"),
            _("「なぜ接続できないか」の画面で理由を確認してください。"),
        ),
        Problem.NOT_FOUND: Explanation(
            404, _("ページが見つかりません"), _("アドレスを確かめるか、ポータルに戻ってください。")
        ),
        Problem.NO_SUCH_POOL: Explanation(404, _("デスクトッププールが見つかりません"), _BACK),
        Problem.NO_SUCH_SESSION: Explanation(
            404,
            _("セッションが見つかりません"),
            _("すでに終了したか、ほかの職員のセッションです。ポータルに戻って開き直してください。"),
        ),
        Problem.NO_SUCH_DESKTOP: Explanation(
            404, _("仮想デスクトップが見つかりません"), _("一覧を再読み込みしてください。")
        ),
        Problem.NO_SUCH_PERSON: Explanation(404, _("職員が見つかりません"), _("検索からやり直してください。")),
        Problem.NO_SUCH_DEVICE: Explanation(404, _("端末が見つかりません"), _("検索からやり直してください。")),
        Problem.DIRECTORY_SILENT: Explanation(
            503,
            _("ディレクトリから答えがありません"),
            _("「サーバーの状態」を確かめ、しばらくしてからもう一度お試しください。"),
        ),
        Problem.NO_SUCH_DIRECTORY: Explanation(
            404, _("ディレクトリが見つかりません"), _("ディレクトリの一覧を開き直してください。")
        ),
        Problem.METHOD_NOT_ALLOWED: Explanation(405, _("この方法ではアクセスできません"), _BACK),
        Problem.STATE_CHANGED: Explanation(
            409,
            _("状態が変わったため、操作できませんでした"),
            _("一覧を再読み込みして、今の状態を確かめてください。"),
        ),
        Problem.PASSKEY_REQUIRED: Explanation(
            403,
            _("管理者の操作には、パスキーでのログインが必要です"),
            _("ポータルの「認証方法」の画面でパスキーを登録するか、登録済みのパスキーで本人確認をしてください。"),
        ),
        Problem.STEP_UP_REQUIRED: Explanation(
            409,
            _("直前の二要素認証が必要です"),
            _("「もう一度の本人確認」の画面（/step-up）で確認してから、もう一度操作してください。"),
        ),
        Problem.TOO_LARGE: Explanation(
            413, _("送信された内容が大きすぎます"), _("入力を短くして、もう一度送信してください。")
        ),
        Problem.UNSUPPORTED_MEDIA: Explanation(
            415,
            _("この形式のデータは受け取れません"),
            _("本文は application/json で送信してください。"),
        ),
        Problem.ORIGIN_UNKNOWN: Explanation(
            403,
            _("この接続元からは利用できません"),
            _(
                "庁内のネットワーク、または案内された回線と端末から接続してください。"
                "続く場合は、下の番号を添えて情報システム担当へご連絡ください。"
            ),
        ),
        Problem.UNKNOWN_HOST: Explanation(
            421,
            _("このアドレスではサービスを提供していません"),
            _("案内されたポータルのアドレスを確かめて、入力し直してください。"),
        ),
        Problem.UNKNOWN_TENANT: Explanation(
            404, _("団体が見つかりません"), _("X-Sekisho-Tenant ヘッダーで団体のIDを指定してください。")
        ),
        Problem.SERVER_ERROR: Explanation(500, _("処理中に問題が発生しました"), _ASK),
        Problem.STORE_UNAVAILABLE: Explanation(
            503,
            _("ただいま混み合っているか、一時的に利用できません"),
            _("しばらく待ってから、もう一度操作してください。接続中の仮想デスクトップはそのまま使えます。"),
        ),
    }
)

API_STEPS: Final[Mapping[Problem, str]] = MappingProxyType(
    {
        Problem.BAD_REQUEST: _("送る内容を直して、もう一度送ってください。"),
        Problem.NO_SUCH_POOL: _("デスクトッププールの一覧でIDを確かめてください。"),
        Problem.METHOD_NOT_ALLOWED: _("APIの仕様（/api/v1/openapi.json）を確かめてください。"),
    }
)
"""Next steps of programs and of the command line, where the pages' own make no sense."""
