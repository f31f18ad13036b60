"""The proxy as a desktop meets it that somebody has taken over."""

import asyncio
from pathlib import Path

import pytest

from pools.egress.model import EgressOrder, Refusal
from tests.pools.egress.hello import client_hello, in_records
from tests.pools.egress.rig import HOST, Names, Site, listening, proxy

PRIVATE = ["10.0.0.5", "127.0.0.1", "169.254.169.254", "::1", "fd00::5", "::ffff:192.168.0.1", "100.64.1.1"]


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_listed_name_that_leads_inside_is_refused(tmp_path: Path, address: str) -> None:
    async with proxy(tmp_path, HOST, names=Names([address]), open_ranges=()) as way_out:
        status, _, writer = await way_out.connect(f"{HOST}:443")
        writer.close()
        assert (await way_out.last_report()).refusal is Refusal.ADDRESS_CLOSED
    assert status == b"HTTP/1.1 403 Forbidden"


async def test_one_inner_address_among_public_ones_refuses_them_all(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST, names=Names(["203.0.114.9", "10.0.0.5"]), open_ranges=()) as way_out:
        _, _, writer = await way_out.connect(f"{HOST}:443")
        writer.close()
        assert (await way_out.last_report()).refusal is Refusal.ADDRESS_CLOSED


async def test_a_name_that_rebinds_is_asked_once_and_never_again(tmp_path: Path) -> None:
    """The first answer is a good one, every later one leads to a server that must not be reached."""
    good, inner = Site(), Site()
    async with (
        listening(good) as port,
        proxy(
            tmp_path, f"http://{HOST}:{port}", names=Names(["127.0.0.1"], ["127.0.0.2"]), open_ranges=("127.0.0.1/32",)
        ) as way_out,
    ):
        request = f"GET http://{HOST}:{port}/ HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()
        assert (await way_out.say(request)).endswith(b"ok")
        assert (await way_out.say(request)).startswith(b"HTTP/1.1 403 ")
    assert (good.connections, inner.connections) == (1, 0)


@pytest.mark.parametrize(
    "place", ["127.0.0.1:443", "[::1]:443", "10.0.0.1:443", "203.0.114.9:443", "169.254.169.254:80", "localhost:443"]
)
async def test_addresses_that_are_not_listed_are_refused(tmp_path: Path, place: str) -> None:
    async with proxy(tmp_path, HOST, "*.example.lg.jp") as way_out:
        status, _, writer = await way_out.connect(place)
        writer.close()
    assert status.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))


async def test_a_listed_address_must_still_be_a_public_one(tmp_path: Path) -> None:
    async with proxy(tmp_path, "10.0.0.1", open_ranges=()) as way_out:
        _, _, writer = await way_out.connect("10.0.0.1:443")
        writer.close()
        assert (await way_out.last_report()).refusal is Refusal.ADDRESS_CLOSED


@pytest.mark.parametrize(
    "hello, refusal",
    [
        (client_hello("news.example"), Refusal.NAME_MISMATCH),
        (client_hello(f"a.{HOST}"), Refusal.NAME_MISMATCH),
        (client_hello(None), Refusal.NAME_MISMATCH),
        (in_records(client_hello("news.example"), 40), Refusal.NAME_MISMATCH),
        (b"GET / HTTP/1.1\r\nHost: news.example\r\n\r\n", Refusal.NOT_TLS),
        (b"SSH-2.0-OpenSSH_9\r\n", Refusal.NOT_TLS),
        (b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", Refusal.NOT_TLS),
    ],
)
async def test_a_tunnel_is_for_the_server_that_was_asked_for(tmp_path: Path, hello: bytes, refusal: Refusal) -> None:
    site = Site()
    async with listening(site) as port, proxy(tmp_path, f"https://{HOST}:{port}") as way_out:
        _, reader, writer = await way_out.connect(f"{HOST}:{port}")
        writer.write(hello)
        assert await reader.read() == b""
        writer.close()
        report = await way_out.last_report()
    assert report.refusal is refusal
    assert report.bytes_out == 0
    assert b"".join(site.asked) == b"", "not one byte has reached the server"


async def test_an_honest_handshake_passes_in_any_pieces(tmp_path: Path) -> None:
    site = Site()
    hello = in_records(client_hello(HOST), 60)
    async with listening(site) as port, proxy(tmp_path, f"https://{HOST}:{port}") as way_out:
        _, reader, writer = await way_out.connect(f"{HOST}:{port}")
        for at in range(0, len(hello), 7):
            writer.write(hello[at : at + 7])
            await writer.drain()
            await asyncio.sleep(0)
        assert await reader.read() == site.answer
        writer.close()
    assert b"".join(site.asked) == hello[: len(b"".join(site.asked))]


async def test_a_second_request_cannot_hide_behind_the_first(tmp_path: Path) -> None:
    site = Site()
    async with listening(site) as port, proxy(tmp_path, f"http://{HOST}:{port}") as way_out:
        first = f"POST http://{HOST}:{port}/ HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Length: 2\r\n\r\nab"
        hidden = "GET http://news.example/ HTTP/1.1\r\nHost: news.example\r\n\r\n"
        answer = await way_out.say((first + hidden).encode())
    assert answer.count(b"HTTP/1.1") == 1
    assert b"news.example" not in b"".join(site.asked)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET http://www.example.jp/ HTTP/1.1\r\nHost: news.example\r\n\r\n",
        b"POST http://www.example.jp/ HTTP/1.1\r\nHost: www.example.jp\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET http://www.example.jp/ HTTP/1.1\r\nHost: www.example.jp\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET http://www.example.jp/" + b"a" * 200_000,
        b"CONNECT www.example.jp:443 HTTP/1.1\r\n Host: www.example.jp\r\n\r\n",
    ],
)
async def test_what_cannot_be_read_ends_the_connection(tmp_path: Path, data: bytes) -> None:
    async with proxy(tmp_path, HOST) as way_out:
        answer = await way_out.say(data)
        assert (await way_out.last_report()).refusal is Refusal.MALFORMED
    assert answer.startswith(b"HTTP/1.1 400 ") or answer == b""


async def test_a_head_that_comes_drop_by_drop_ends(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST, limits={"head_deadline_s": 0.3}) as way_out:
        reader, writer = await way_out.open()

        async def drip() -> None:
            for byte in b"GET http://www.example.jp/ HTTP/1.1\r\n" * 100:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()
        writer.close()
        assert (await way_out.last_report()).refusal is Refusal.TOO_SLOW


async def test_a_handshake_that_never_comes_ends(tmp_path: Path) -> None:
    async with (
        listening(Site()) as port,
        proxy(tmp_path, f"https://{HOST}:{port}", limits={"head_deadline_s": 0.3}) as way_out,
    ):
        _, reader, writer = await way_out.connect(f"{HOST}:{port}")
        writer.write(client_hello(HOST)[:20])
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        assert (await way_out.last_report()).refusal is Refusal.TOO_SLOW


async def test_a_silent_connection_and_an_endless_one_end(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)

    for handler, limits in ((silent, {"idle_s": 0.3}), (endless, {"lifetime_s": 1.0})):
        async with (
            listening(handler) as port,
            proxy(tmp_path, f"https://{HOST}:{port}", limits=limits) as way_out,
        ):
            _, reader, writer = await way_out.connect(f"{HOST}:{port}")
            writer.write(client_hello(HOST))
            async with asyncio.timeout(5):
                await reader.read()
            writer.close()
        (tmp_path / "proxy.sock").unlink()


async def test_connections_beyond_the_limit_are_turned_away_and_places_come_back(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST, limits={"connections": 3}) as way_out:
        held = [await way_out.open() for _ in range(3)]
        async with asyncio.timeout(5):
            while not (await way_out.say(b"")).startswith(b"HTTP/1.1 503 "):
                pass
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while (await way_out.say(b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 503 "):
                pass


async def test_a_server_that_reads_slowly_lets_nothing_pile_up(tmp_path: Path) -> None:
    """A browser that sends without end is held back by the server's own pace."""
    taken = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken.wait()
        writer.close()

    async with listening(slow) as port, proxy(tmp_path, f"https://{HOST}:{port}") as way_out:
        _, _, writer = await way_out.connect(f"{HOST}:{port}")
        writer.write(client_hello(HOST))
        sent = 0
        try:
            async with asyncio.timeout(1.5):
                while sent < 64 << 20:
                    writer.write(bytes(65536))
                    await writer.drain()
                    sent += 65536
        except TimeoutError:
            pass
        assert sent < 32 << 20
        taken.set()
        writer.close()


async def test_a_broken_new_order_leaves_the_old_one(tmp_path: Path) -> None:
    async with proxy(tmp_path, HOST) as way_out:
        with pytest.raises(ValueError):
            way_out.server.replace(EgressOrder(destinations=("*.jp",)))
        status, _, writer = await way_out.connect("news.example:443")
        writer.close()
    assert status == b"HTTP/1.1 403 Forbidden"


async def test_a_server_that_answers_nonsense_is_cut(tmp_path: Path) -> None:
    for answer in (b"nonsense", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000):
        async with listening(Site(answer)) as port, proxy(tmp_path, f"http://{HOST}:{port}") as way_out:
            request = f"GET http://{HOST}:{port}/ HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()
            assert await way_out.say(request) == b""
        (tmp_path / "proxy.sock").unlink()
