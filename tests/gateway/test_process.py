"""``python -m gateway`` as it runs at a site: its own process, its loop, its settings file, its log."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.wire.messages import EventKind
from gateway.protocol import encode_instruction
from gateway.settings import load_settings
from tests.fakes.broker import DESKTOP_PASSWORD, TUNNEL_COOKIE, WIRE_KEY
from tests.fakes.browser import ObedientBrowser, StalledBrowser
from tests.fakes.guacd import FloodingGuacd
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site
from tests.gateway.gateway_process import Process, start_process, write_settings

CANARY = "canary-in-clipboard"


@pytest.fixture
async def running(site: Site, tmp_path: Path) -> AsyncIterator[Process]:
    await site.broker.start()
    await site.guacd.start()
    process = await start_process(site, tmp_path)
    yield process
    await process.kill()


async def test_a_session_runs_and_the_log_keeps_no_secret(site: Site, running: Process) -> None:
    async with site.session() as browser:
        await browser.say(encode_instruction("key", "65", "1"), encode_instruction("clipboard", "0", "text/plain"))
        await browser.say(encode_instruction("blob", "0", CANARY))
        await until(lambda: [b"key", b"65", b"1"] in site.guacd.last.received)
        await browser.say(encode_instruction("nonsense", CANARY))
        await until(lambda: browser.is_closed)
    await until(lambda: site.broker.find(EventKind.DETACHED))
    running.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(running.process.wait(), 10) == 0
    log = running.log.read_text()
    assert "session.detached" in log
    for secret in (TICKET, TUNNEL_COOKIE, WIRE_KEY, DESKTOP_PASSWORD, CANARY, "undefined"):
        assert secret not in log


@pytest.mark.parametrize("line_end", [b"\0\r\n\r\n", b"\r\n bad header\0\r\n\r\n"])
async def test_a_malformed_request_is_one_line_that_quotes_nothing(
    site: Site, running: Process, line_end: bytes
) -> None:
    request = f"GET /tunnel?ticket={CANARY} HTTP/1.1\r\nHost: x\r\nCookie: __Host-sekisho_tunnel={CANARY}".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(request + line_end)
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 10)
    writer.transport.abort()
    await until(lambda: b"aiohttp.server" in running.log.read_bytes())
    running.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(running.process.wait(), 10)
    assert CANARY not in running.log.read_text()
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    [spoken] = [line for line in lines if line.get("logger") == "aiohttp.server"]
    assert (spoken["level"], spoken["status"], spoken["address"]) == ("error", 400, "127.0.0.1")


async def test_a_gateway_that_is_killed_loses_no_event(site: Site, running: Process, tmp_path: Path) -> None:
    async with site.session() as browser:
        await until(lambda: len(site.broker.books) == 2)
        await site.broker.die()
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: browser.is_closed)
    running.process.kill()
    await running.process.wait()
    await site.broker.start()
    again = await start_process(site, tmp_path)
    try:
        await until(lambda: site.broker.find(EventKind.DETACHED), 10)
        assert site.broker.hellos[-1].live == []
    finally:
        again.process.kill()
        await again.process.wait()


async def test_a_stalled_reader_costs_the_process_little(site: Site, tmp_path: Path) -> None:
    site.guacd = flood = FloodingGuacd()
    await site.broker.start()
    await flood.start()
    running = await start_process(site, tmp_path)
    try:
        site.issue("ticket-of-the-reading-one")
        async with ObedientBrowser(site.port) as reading:
            await reading.show_ticket("ticket-of-the-reading-one")
            await until(lambda: len(reading.messages) > 50, 10)
        before = running.resident_bytes()
        site.issue(TICKET, attachment_id="attachment-2")
        async with StalledBrowser(site.port) as stalled:
            sent_before = flood.sent_bytes
            stalled.say(encode_instruction("", "ticket", TICKET))
            await until(lambda: flood.sent_bytes > sent_before + 500_000, 10)
            await flood.wait_steady()
            assert not flood.last.is_over, "held back, not cut off"
            grown = running.resident_bytes() - before
            assert grown < 3_000_000, f"{grown} bytes for one stalled reader"
    finally:
        running.process.kill()
        await running.process.wait()


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"allowed_origin": ["x"]}, "allowed_origin"),
        ({"allowed_origins": []}, "allowed_origins"),
        ({"allowed_origins": ["*"]}, "allowed_origins"),
        ({"guacd_groups": {"lgwan": ["localhost"]}}, "guacd_groups.lgwan"),
        ({"guacd_groups": {"lgwan": ["localhost:0"]}}, "guacd_groups.lgwan"),
        ({"relay": {"nop_after": 3}}, "nop_after"),
        ({"listen_port": "8401"}, "listen_port"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_path(
    site: Site, tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    site.guacd.address = "127.0.0.1:4822"
    path = write_settings(site, tmp_path, **changes)
    with pytest.raises(ConfigurationError, match=complaint):
        load_settings(path)


async def test_a_taken_port_is_named(site: Site, running: Process, tmp_path: Path) -> None:
    config = write_settings(site, tmp_path)
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "--config", str(config), stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await asyncio.wait_for(second.communicate(), 15)
    assert second.returncode == 2
    assert str(site.port) in complaint.decode()
