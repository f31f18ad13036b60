"""A line that breaks again and again before a real guacd and a real desktop: the connection stays the same one."""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from broker.model.grants import Grants
from broker.model.ids import AttachmentId, SessionId
from broker.wire.messages import EventKind
from gateway.protocol import encode_instruction
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import Site
from tests.gateway.real_parts import Desktop, run_desktop
from tests.gateway.test_real_guacd import count_drawing, until_quiet

pytestmark = pytest.mark.real

CYCLES = 1000 if os.environ.get("SEKISHO_FULL") == "1" else 20
LINES = 5
"""So many people's at once."""
PICTURE_S = 1.0
KEPT = Grants(park_limit_s=300)


@pytest.fixture
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with run_desktop(tmp_path_factory.mktemp("desktop")) as running:
        yield running


def _connections(desktop: Desktop) -> set[str]:
    """Inodes of the sockets that the desktop's display server has accepted (/proc/net/unix)."""
    rows = (row.split() for row in Path("/proc/net/unix").read_text().splitlines()[1:])
    return {row[6] for row in rows if len(row) > 7 and row[7] == str(desktop.vnc_socket) and row[5] == "03"}


class Line:
    """One person's line to one session. Each time it is up it has a ticket of its own."""

    def __init__(self, site: Site, desktop: Desktop, number: int = 1) -> None:
        self.site = site
        self.desktop = desktop
        self.session_id = SessionId(f"session-{number}")
        self.count = 0
        self.took_s: list[float] = []

    @property
    def attachment_id(self) -> AttachmentId:
        return AttachmentId(f"{self.session_id}-attachment-{self.count}")

    async def show(self, browser: ObedientBrowser) -> None:
        """From the ticket to the picture."""
        self.count += 1
        ticket = f"ticket-of-{self.session_id}-{self.count:06}"
        self.site.issue(
            ticket,
            parameters=self.desktop.parameters,
            grants=KEPT,
            session_id=self.session_id,
            attachment_id=self.attachment_id,
        )
        began = time.monotonic()
        await browser.show_ticket(ticket, "800", "600", "96", "Asia/Tokyo")
        await until(lambda: self._has(EventKind.DRAWN) or browser.is_closed, 20, "the picture")
        assert not browser.is_closed, browser.close_reason
        self.took_s.append(time.monotonic() - began)

    async def is_noticed(self) -> None:
        """Until the gateway knows that the line is gone."""
        await until(lambda: self._has(EventKind.PARKED), 10)

    async def break_again_and_again(self, times: int) -> None:
        for _ in range(times):
            async with ObedientBrowser(self.site.port) as browser:
                await self.show(browser)
            await self.is_noticed()

    async def use_and_leave(self) -> None:
        """The desktop still answers; and then somebody says goodbye."""
        async with ObedientBrowser(self.site.port) as browser:
            await self.show(browser)
            await browser.say(encode_instruction("mouse", "100", "100", "0"))
            await until_quiet(browser)
            drawn = count_drawing(browser)
            await browser.say(*_typed("x"))
            await until(lambda: count_drawing(browser) > drawn, 10, "the picture changes")
            await browser.say(encode_instruction("disconnect"))
            await until(lambda: browser.is_closed)

    def _has(self, kind: EventKind) -> bool:
        newest = itertools.islice(reversed(self.site.broker.books.values()), 10 * LINES)
        return any(event.kind is kind and event.attachment_id == self.attachment_id for event in newest)


@pytest.mark.timeout(900)
async def test_lines_that_break_again_and_again_cost_no_connection_and_leak_nothing(
    site: Site, desktop: Desktop
) -> None:
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    lines = [Line(site, desktop, number) for number in range(LINES)]
    for line in lines:
        await line.break_again_and_again(1)
    connected = _connections(desktop)
    assert len(connected) == LINES
    descriptors = psutil.Process().num_fds()
    for line in lines:
        line.took_s.clear()
    await asyncio.gather(*(line.break_again_and_again(CYCLES // LINES) for line in lines))
    assert _connections(desktop) == connected, "the same connections to the desktop, and no others"
    assert psutil.Process().num_fds() <= descriptors + 2
    assert statistics.median(took_s for line in lines for took_s in line.took_s) < PICTURE_S
    for line in lines:
        await line.use_and_leave()
    await until(lambda: not _connections(desktop), 10, "and nobody holds it any more")


async def test_while_nobody_looks_the_desktop_goes_on_and_is_seen_as_it_is(site: Site, desktop: Desktop) -> None:
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    line = Line(site, desktop)
    async with ObedientBrowser(site.port) as browser:
        await line.show(browser)
        await browser.say(encode_instruction("mouse", "100", "100", "0"))
        await until_quiet(browser)
        await browser.say(*_typed("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done; touch done-meanwhile\n"))
    await line.is_noticed()
    await until(desktop.has_file("done-meanwhile"), 20, "what was begun ends while nobody looks")
    async with ObedientBrowser(site.port) as browser:
        await line.show(browser)
        assert count_drawing(browser) > 0


def _typed(text: str) -> list[bytes]:
    keysyms = [0xFF0D if letter == "\n" else ord(letter) for letter in text]
    return [encode_instruction("key", str(keysym), state) for keysym in keysyms for state in ("1", "0")]
