"""Sockets that show no ticket cost little and stall nobody's picture."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.early import MAX_FRAMES_UNADMITTED, MAX_INSTRUCTIONS_AT_ONCE
from gateway.limits import RelayLimits
from gateway.protocol import encode_instruction
from tests.fakes.broker import SlowBroker
from tests.fakes.browser import HostileBrowser, ObedientBrowser, frame_text, hear_all
from tests.fakes.guacd import SilentGuacd
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site
from tests.gateway.gateway_process import Process, start_process

PING = encode_instruction("", "ping", "1")
ANSWER = b"4.ping"
HOSTILE_SOCKETS = 50
ECHOES = 20
ECHO_DEADLINE_S = 3.0


def count_pings(browser: ObedientBrowser) -> int:
    return sum(elements[:2] == [b"", b"ping"] for elements in browser.instructions)


@pytest.mark.parametrize(
    "payload, answers",
    [
        (PING * 4600, 0),
        (PING * (MAX_INSTRUCTIONS_AT_ONCE + 1), MAX_INSTRUCTIONS_AT_ONCE),
        (PING * MAX_INSTRUCTIONS_AT_ONCE + b"0", MAX_INSTRUCTIONS_AT_ONCE),
    ],
)
async def test_one_message_without_a_ticket_pays_for_a_handful_of_instructions(
    site: Site, payload: bytes, answers: int
) -> None:
    await site.start()
    heard = await hear_all(site.port, frame_text(payload))
    assert heard.count(ANSWER) == answers
    assert heard.endswith(b" ticket_malformed")


@pytest.mark.parametrize("frame", [frame_text(PING), frame_text(b""), b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0"])
async def test_a_socket_without_a_ticket_is_read_for_a_bounded_number_of_frames(site: Site, frame: bytes) -> None:
    await site.start()
    heard = await hear_all(site.port, frame * 5000)
    assert heard.count(ANSWER) <= MAX_FRAMES_UNADMITTED
    assert heard.endswith(b" ticket_missing")


async def test_what_is_said_while_the_ticket_is_redeemed_waits_and_is_not_lost(site: Site, tmp_path: Path) -> None:
    site.broker = broker = SlowBroker(tmp_path / "wire.sock")
    await site.start()
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        for _ in range(5 * MAX_FRAMES_UNADMITTED):
            await browser.say(PING)
        await until(lambda: browser.opcodes().count(b"") == MAX_FRAMES_UNADMITTED)
        await asyncio.sleep(0.1)
        assert browser.opcodes().count(b"") == MAX_FRAMES_UNADMITTED, "the greeting and one less than the frames read"
        broker.may_answer.set()
        await until(lambda: b"sync" in browser.opcodes())
        await until(lambda: count_pings(browser) == 5 * MAX_FRAMES_UNADMITTED)


async def test_who_was_admitted_is_slowed_until_the_picture_comes(site: Site) -> None:
    site.guacd = SilentGuacd()
    await site.start(relay=RelayLimits(instructions_per_s=100))
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: site.guacd.visits)
        started_s = asyncio.get_running_loop().time()
        for _ in range(200):
            await browser.say(PING)
        await until(lambda: count_pings(browser) == 200)
        assert asyncio.get_running_loop().time() - started_s > 0.5


@pytest.fixture
async def running(site: Site, tmp_path: Path) -> AsyncIterator[Process]:
    await site.broker.start()
    await site.guacd.start()
    process = await start_process(site, tmp_path)
    yield process
    process.process.kill()
    await process.process.wait()


@pytest.mark.parametrize("payload", [PING * 4600, PING], ids=["big messages", "small messages"])
async def test_a_live_session_is_answered_while_sockets_without_a_ticket_flood(
    site: Site, running: Process, payload: bytes
) -> None:
    async with site.session() as browser:
        hostile = [HostileBrowser(site.port, payload) for _ in range(HOSTILE_SOCKETS)]
        flooding = [asyncio.create_task(one.flood()) for one in hostile]
        try:
            await until(lambda: sum(one.sockets for one in hostile) > HOSTILE_SOCKETS, 20, "sockets come again")
            for number in itertools.islice(itertools.count(1000), ECHOES):
                stamp = str(number)
                await browser.say(encode_instruction("", "ping", stamp))
                echo = [b"", b"ping", stamp.encode()]
                await until(lambda echo=echo: echo in browser.instructions, ECHO_DEADLINE_S, "the echo")  # type: ignore[misc] # bound at once
        finally:
            for task in flooding:
                task.cancel()
            await asyncio.gather(*flooding, return_exceptions=True)
        assert not browser.is_closed
