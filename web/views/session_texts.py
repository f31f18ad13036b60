"""Settings and texts that the scripts of the session page read from its data element."""

from typing import Final

from aiohttp import web

from broker.session.records import PoolView
from web.arrival import front_of
from web.form_token import csrf_token
from web.language import gettext_noop as _
from web.language import language_of, translate
from web.reasons import ENDS

TEXTS: Final = {
    "preparing": _("仮想デスクトップを準備しています"),
    "queued": _("順番を待っています（{position}番目）"),
    "queuedHint": _("空きが出しだい自動で接続します。この画面を開いたままお待ちください。"),
    "connecting": _("接続しています"),
    "noPicture": _("画面を表示できません"),
    "noPictureRemedy": _(
        "再接続してください。続く場合は、問い合わせ番号 {reference} を情報システム担当へお知らせください。"
    ),
    "reconnecting": _("接続が切れました。{seconds}秒後に再接続します"),
    "reconnectingHint": _("仮想デスクトップの作業中の画面は残っています。"),
    "unstable": _("回線が不安定です"),
    "localIme": _("手元のPCのIMEをオフにしてください"),
    "latency": _("遅延 {ms} ミリ秒"),
    "latencyUnknown": _("遅延 – ミリ秒"),
    "fullscreenOn": _("全画面"),
    "fullscreenOff": _("全画面を終了"),
    "hideToolbar": _("ツールバーを隠す"),
    "showToolbar": _("ツールバーを表示"),
    "failed": _("接続できませんでした"),
    "failedRemedy": _("しばらく待ってから再接続してください。続く場合は情報システム担当へご連絡ください。"),
    "denied": _("このデスクトッププールには接続できません"),
    "ended": _("セッションは終了しました"),
    "endedRemedy": _("続ける場合は、ポータルから開き直してください。"),
    "signedOut": _("ログインの有効期限が切れました"),
    "signedOutRemedy": _("もう一度ログインしてください。仮想デスクトップの作業中の画面は残っています。"),
    "disconnected": _("切断しました"),
    "disconnectedRemedy": _("作業中の画面は残っています。「再接続」で続きから使えます。"),
    "loggingOff": _("ログオフしています"),
    "loggedOffLater": _("利用を終了しました"),
    "loggedOffLaterRemedy": _("接続先のパソコンでの作業は、そのパソコンの制限時間が来たときに終わります。"),
    "minutes": _("{n}分"),
    "seconds": _("{n}秒"),
    "endsHours": _("利用できる時間は、あと{left}で終わります"),
    "endsAbsolute": _("続けて利用できる時間は、あと{left}で終わります"),
    "endsRemedy": _("作業を保存して、ログオフしてください。保存していない内容は失われることがあります。"),
    "endsUnsupervised": _("管理サーバーと通信できないため、あと{left}で切断します"),
    "endsUnsupervisedRemedy": _("念のため作業を保存してください。切断しても、作業中の画面は残ります。"),
    "endsIdle": _("操作がないため、あと{left}で切断します"),
    "endsIdleRemedy": _("続けるときは「続ける」を押すか、仮想デスクトップを操作してください。作業中の画面は残ります。"),
    "pasteSent": _("{n}文字を送りました。仮想デスクトップの中で貼り付けてください。"),
    "pasteEmpty": _("送る文字を入力してください。"),
    "pasteTooLong": _("長すぎるため送れません（UTF-8で{max}バイトまで）。分けて送ってください。"),
    "pasteNotText": _("文字ではない内容が含まれているため、送れません。"),
    "pasteNotCarried": _("この仮想デスクトップには、英数字と半角の記号だけを送れます。"),
    "pasteTooOften": _("短い間に送れる回数を超えました。しばらく待ってから、もう一度お試しください。"),
    "copyTaken": _("この端末のクリップボードにコピーしました。"),
    "copyFailed": _("コピーできませんでした。文字を選択して、Ctrl+C でコピーしてください。"),
    "lost": _("サーバーと通信できません"),
    "lostRemedy": _("回線を確かめて、再接続してください。"),
}

_WORK_STAYS: Final = _("仮想デスクトップの作業中の画面は残っています。")
_CROWDED: Final = (
    _("混み合っています。{seconds}秒後にもう一度接続します"),
    _("このままお待ちください。仮想デスクトップの作業中の画面は残っています。"),
    _("混み合っているため、接続できません"),
    _("数分待ってから「再接続」を押してください。続く場合は情報システム担当へご連絡ください。"),
)
RETRYING: Final = {
    "busy": _CROWDED,
    "gateway_full": _CROWDED,
    "grants_changed": (_("利用の条件が変わりました。{seconds}秒後に接続し直します"), _WORK_STAYS),
}
"""By the word with which the gateway closed: title and hint while the page waits for the next attempt, and title and
remedy when there were enough of them."""


def page_settings(request: web.Request, view: PoolView) -> dict[str, object]:
    """What the scripts need: where to connect, the token of their requests, and every text in one language.

    No host, port, password or ticket is in it.
    """
    language = language_of(request)
    session = view.session
    return {
        "sessionId": session.id if session else "",
        "tunnelUrl": front_of(request).tunnel_url,
        "csrfToken": csrf_token(request),
        "texts": {name: translate(language, text) for name, text in TEXTS.items()},
        "retrying": {word: [translate(language, text) for text in told] for word, told in RETRYING.items()},
        "ends": {
            reason.value: [translate(language, told.what), translate(language, told.remedy)]
            for reason, told in ENDS.items()
        },
    }
