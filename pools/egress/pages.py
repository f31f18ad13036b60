"""What a person reads instead of a page that was not let through, and the page with what is allowed."""

from collections.abc import Sequence
from html import escape
from typing import Final

from pools.egress.model import Refusal

START_HOST: Final = "start.sekisho.invalid"
"""The proxy itself answers for this name (RFC 6761: ``invalid`` never exists elsewhere)."""
START_URL: Final = f"http://{START_HOST}/"

_STATUS: Final = {
    Refusal.MALFORMED: "400 Bad Request",
    Refusal.UNRESOLVED: "502 Bad Gateway",
    Refusal.UNREACHABLE: "502 Bad Gateway",
    Refusal.TOO_MANY: "503 Service Unavailable",
    Refusal.TOO_SLOW: "408 Request Timeout",
}
_WHY: Final = {
    Refusal.MALFORMED: "ブラウザーからの要求を読み取れませんでした。",
    Refusal.NOT_LISTED: "この接続先は、閲覧を許可された接続先の一覧にありません。",
    Refusal.ADDRESS_CLOSED: "この接続先の名前は、庁内などの閲覧できないアドレスを指しています。",
    Refusal.UNRESOLVED: "この接続先の名前が見つかりません。アドレスの打ち間違いがないか確かめてください。",
    Refusal.UNREACHABLE: "この接続先が応答しません。しばらくしてから、もう一度開いてください。",
    Refusal.TOO_MANY: "同時に開いている通信が多すぎます。使っていないタブを閉じてから、もう一度開いてください。",
    Refusal.TOO_SLOW: "通信に時間がかかりすぎたため、中止しました。",
}
_STYLE: Final = (
    "body{margin:0;background:#f3f5f7;color:#1c2730;font:18px/1.8 'Noto Sans CJK JP',sans-serif}"
    "main{max-width:44rem;margin:4rem auto;padding:2.5rem 3rem;background:#fff;border-top:6px solid #2f5d7c}"
    "h1{font-size:1.5rem;margin:0 0 1rem}dt{font-weight:bold}dd{margin:0 0 .6rem}"
    "ul{padding-left:1.4rem}li{overflow-wrap:anywhere}small{color:#4a5a66}"
)
_HEAD: Final = (
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n"
)


def refusal_page(refusal: Refusal, host: str, contact: str) -> bytes:
    """A whole response. Never with an address of the network: only what the person asked for."""
    shown = f"<dt>接続先</dt><dd>{escape(host)}</dd>" if host else ""
    body = (
        f"<h1>このページは表示できません</h1><dl>{shown}"
        f"<dt>理由</dt><dd>{_WHY.get(refusal, '接続できませんでした。')}</dd>"
        f"<dt>問い合わせ先</dt><dd>{_asking(contact)}</dd></dl>"
        f"<p><small>業務で必要な接続先は、上の問い合わせ先へ追加を依頼してください。（{refusal}）</small></p>"
    )
    return _response(_STATUS.get(refusal, "403 Forbidden"), "表示できません", body)


def start_page(destinations: Sequence[str], contact: str) -> bytes:
    """A whole response: the list of what may be opened, with links where an entry is one host."""
    entries = "".join(f"<li>{_entry(text)}</li>" for text in destinations)
    body = (
        "<h1>仮想ブラウザー</h1><p>次の接続先を閲覧できます。ほかの接続先は開けません。</p>"
        f"<ul>{entries}</ul><p>ファイルの保存、印刷、アップロードはできません。閲覧を終えるときは、接続画面の"
        "ツールバーから「ログオフ」を選んでください。閲覧の跡は残りません。</p>"
        f"<dl><dt>問い合わせ先</dt><dd>{_asking(contact)}</dd></dl>"
    )
    return _response("200 OK", "仮想ブラウザー", body)


def _entry(text: str) -> str:
    if "*" in text:
        return escape(text)
    url = text if "://" in text else f"https://{text}"
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _asking(contact: str) -> str:
    return escape(contact or "情報システム担当")


def _response(status: str, title: str, body: str) -> bytes:
    page = (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    ).encode()
    return f"HTTP/1.1 {status}\r\n{_HEAD}Content-Length: {len(page)}\r\n\r\n".encode("ascii") + page
