"""The proxy as an honest browser meets it."""

import asyncio
import ssl
from pathlib import Path

import pytest

from pools.egress.model import EgressOrder, Refusal
from pools.egress.server import EgressServer
from tests.pools.egress.hello import client_hello
from tests.pools.egress.rig import HOST, Names, Site, listening, proxy


def get(port: int, host: str = HOST, path: str = "/") -> bytes:
    return f"GET http://{host}:{port}{path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


async def test_a_listed_page_is_shown_and_the_server_sees_a_plain_request(tmp_path: Path) -> None:
    site = Site()
    async with listening(site) as port, proxy(tmp_path, f"http://{HOST}:{port}") as way_out:
        answer = await way_out.say(get(port, path="/secret?q=1"))
        report = await way_out.last_report()
    assert answer.endswith(b"\r\nConnection: close\r\n\r\nok")
    assert b"keep-alive" not in answer
    assert site.asked[0].startswith(b"GET /secret?q=1 HTTP/1.1\r\nHost: www.example.jp:")
    assert (report.host, report.port, report.refusal, report.address) == (HOST, port, None, "127.0.0.1")
    assert report.bytes_in == len(answer)
    assert "secret" not in str(report)


async def test_a_form_is_sent_whole(tmp_path: Path) -> None:
    site = Site()
    async with listening(site) as port, proxy(tmp_path, f"http://{HOST}:{port}") as way_out:
        post = f"POST http://{HOST}:{port}/ HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Length: 5\r\n\r\nhello"
        assert (await way_out.say(post.encode())).endswith(b"ok")
    assert b"".join(site.asked).endswith(b"\r\n\r\nhello")


async def test_a_tunnel_carries_tls_in_both_directions(tmp_path: Path, tls_site: ssl.SSLContext) -> None:
    """A real handshake through the tunnel: the browser sees the server's own certificate."""

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"seen: " + await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0, ssl=tls_site)
    port = server.sockets[0].getsockname()[1]
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    async with server, proxy(tmp_path, f"https://{HOST}:{port}") as way_out:
        status, reader, writer = await way_out.connect(f"{HOST}:{port}")
        assert status == b"HTTP/1.1 200 Connection established"
        await writer.start_tls(trust, server_hostname=HOST)
        writer.write(b"word\n")
        assert await reader.readline() == b"seen: word\n"
        writer.close()
        report = await way_out.last_report()
    assert (report.host, report.refusal) == (HOST, None)
    assert min(report.bytes_in, report.bytes_out) > 100


async def test_what_is_not_listed_has_a_page_that_says_why_and_whom_to_ask(tmp_path: Path) -> None:
    names = Names()
    async with proxy(tmp_path, HOST, names=names, contact="情報政策課（内線 2345）") as way_out:
        answer = (await way_out.say(get(80, "news.example"))).decode()
        report = await way_out.last_report()
    assert answer.startswith("HTTP/1.1 403 ")
    for words in ("news.example", "一覧にありません", "情報政策課（内線 2345）", "no-store"):
        assert words in answer
    assert names.asked == [], "a name that is not listed is not even looked up"
    assert report.refusal is Refusal.NOT_LISTED


async def test_a_tunnel_to_what_is_not_listed_is_not_opened(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST) as way_out:
        status, _, writer = await way_out.connect("news.example:443")
        writer.close()
    assert status == b"HTTP/1.1 403 Forbidden"


async def test_the_page_repeats_nothing_that_could_act(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST, contact="<script>alert(1)</script>") as way_out:
        answer = await way_out.say(b"GET http://news.example/<script> HTTP/1.1\r\nHost: news.example\r\n\r\n")
    assert b"<script" not in answer
    assert b"default-src 'none'" in answer


async def test_the_start_page_lists_what_is_allowed(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST, "*.example.lg.jp", "http://a.example.jp:81") as way_out:
        answer = (
            await way_out.say(b"GET http://start.sekisho.invalid/ HTTP/1.1\r\nHost: start.sekisho.invalid\r\n\r\n")
        ).decode()
    assert f'<a href="https://{HOST}">' in answer
    assert '<a href="http://a.example.jp:81">' in answer
    assert "*.example.lg.jp" in answer
    assert way_out.reports == []


@pytest.mark.parametrize("answers, refusal", [([[]], Refusal.UNRESOLVED), ([["127.0.0.1"]], Refusal.UNREACHABLE)])
async def test_what_does_not_answer_says_so(tmp_path: Path, answers: list[list[str]], refusal: Refusal) -> None:
    async with listening(Site()) as port:
        free = port
    async with proxy(tmp_path, f"http://{HOST}:{free}", names=Names(*answers)) as way_out:
        assert (await way_out.say(get(free))).startswith(b"HTTP/1.1 502 ")
        assert (await way_out.last_report()).refusal is refusal


async def test_a_new_list_holds_at_once_and_ends_what_is_open(tmp_path: Path) -> None:
    site = Site()
    async with listening(site) as port, proxy(tmp_path, f"https://{HOST}:{port}") as way_out:
        status, reader, writer = await way_out.connect(f"{HOST}:{port}")
        assert status.startswith(b"HTTP/1.1 200")
        way_out.server.replace(EgressOrder(destinations=("other.example",)))
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        assert (await way_out.last_report()).host == HOST, "what was cut is told all the same"
        status, _, writer = await way_out.connect(f"{HOST}:{port}")
        writer.close()
    assert status.startswith(b"HTTP/1.1 403")


async def test_everything_may_go_through_a_parent_proxy(tmp_path: Path) -> None:
    """Plain requests in absolute form, tunnels by CONNECT; names are its business."""
    asked: list[bytes] = []

    async def parent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head)
        if head.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            asked.append(await reader.read(4096))
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nby the parent")
        await writer.drain()
        writer.close()

    names = Names([])
    async with listening(parent) as port, proxy(tmp_path, HOST, names=names, parent=f"127.0.0.1:{port}") as way_out:
        answer = await way_out.say(f"GET http://{HOST}/a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        _, reader, writer = await way_out.connect(f"{HOST}:443")
        hello = client_hello(HOST)
        writer.write(hello)
        await reader.read()
        writer.close()
    assert answer.endswith(b"by the parent")
    assert asked[0].startswith(f"GET http://{HOST}/a HTTP/1.1\r\n".encode())
    assert asked[1].startswith(f"CONNECT {HOST}:443 HTTP/1.1\r\n".encode())
    assert asked[2] == hello
    assert names.asked == []


@pytest.mark.parametrize(
    "order",
    [
        EgressOrder(destinations=("*",)),
        EgressOrder(destinations=(), open_ranges=("10.0.0.0/33",)),
        EgressOrder(destinations=(), parent="proxy"),
        EgressOrder(destinations=(), parent="proxy.example:0"),
    ],
)
def test_an_order_that_cannot_be_read_starts_nothing(order: EgressOrder) -> None:
    with pytest.raises(ValueError):
        EgressServer(order, lambda report: None)
