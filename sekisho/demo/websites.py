"""The demo's own small Internet: ``python -m sekisho.demo.websites PORT`` serves a listed site and one that is not.

On the loopback, by the name that is asked for; the names are known to the demo's proxies alone.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec

LISTED: Final = "shinsei.sekisho-city.example"
UNLISTED: Final = "news.example"


class Site(msgspec.Struct, frozen=True):
    title: str
    text: str
    colour: str


SITES: Final = {
    LISTED: Site("電子申請の案内", "許可された接続先の一つです。申請の受付状況を確認できます。", "#0b7a3b"),
    UNLISTED: Site("ニュース", "許可されていない接続先です。仮想ブラウザーからは表示できません。", "#b00020"),
}
_PAGE: Final = """\
<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ margin: 0; font: 20px/1.8 "Noto Sans CJK JP", sans-serif; background: #fff; color: #1c2730 }}
header {{ background: {colour}; color: #fff; padding: 2rem 3rem; font-size: 2rem }}
p {{ margin: 2rem 3rem }}
</style></head><body><header>{title}</header><p>{text}</p></body></html>
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = SITES.get(self.headers.get("Host", "").partition(":")[0])
        body = b"" if site is None else _PAGE.format(title=site.title, text=site.text, colour=site.colour).encode()
        self.send_response(404 if site is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Until killed."""
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()


if __name__ == "__main__":
    main()
