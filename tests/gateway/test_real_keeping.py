"""A line that breaks again and again before a real guacd and a real desktop: the connection stays the same one."""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from broker.model.grants import Grants
from broker.model.ids import AttachmentId
from broker.wire.messages import EventKind
from gateway.protocol import encode_instruction
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import Site
from tests.gateway.real_parts import Desktop, run_desktop
from tests.gateway.test_real_guacd import count_drawing, until_quiet

pytestmark = pytest.mark.real

CYCLES = 1000 if os.environ.get("SEKISHO_FULL") == "1" else 20
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

    def __init__(self, site: Site, desktop: Desktop) -> None:
        self.site = site
        self.desktop = desktop
        self.count = 0
        self.took_s: list[float] = []

    async def show(self, browser: ObedientBrowser) -> None:
        """From the ticket to the picture."""
        self.count += 1
        ticket, attachment_id = f"ticket-of-a-line-{self.count:06}", AttachmentId(f"attachment-{self.count}")
        self.site.issue(ticket, parameters=self.desktop.parameters, grants=KEPT, attachment_id=attachment_id)
        began = time.monotonic()
        await browser.show_ticket(ticket, "800", "600", "96", "Asia/Tokyo")
        await until(lambda: self._has(EventKind.DRAWN, attachment_id) or browser.is_closed, 20, "the picture")
        assert not browser.is_closed, browser.close_reason
        self.took_s.append(time.monotonic() - began)

    async def is_noticed(self) -> None:
        """Until the gateway knows that the line is gone."""
        await until(lambda: self._has(EventKind.PARKED, AttachmentId(f"attachment-{self.count}")), 10)

    def _has(self, kind: EventKind, attachment_id: AttachmentId) -> bool:
        books = self.site.broker.books.values()
        return any(event.kind is kind and event.attachment_id == attachment_id for event in books)


@pytest.mark.timeout(1800)
async def test_a_line_that_breaks_again_and_again_costs_no_connection_and_leaks_nothing(
    site: Site, desktop: Desktop
) -> None:
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    line = Line(site, desktop)
    async with ObedientBrowser(site.port) as browser:
        await line.show(browser)
        await browser.say(*_typed("echo kept by the gate"))
        await until_quiet(browser)
        connected = _connections(desktop)
    assert len(connected) == 1
    await line.is_noticed()
    descriptors = psutil.Process().num_fds()
    line.took_s.clear()
    for _ in range(CYCLES):
        async with ObedientBrowser(site.port) as browser:
            await line.show(browser)
        await line.is_noticed()
    assert _connections(desktop) == connected, "the same connection to the desktop, and no other"
    assert psutil.Process().num_fds() <= descriptors + 2
    assert statistics.median(line.took_s) < PICTURE_S
    async with ObedientBrowser(site.port) as browser:
        await line.show(browser)
        await browser.say(encode_instruction("mouse", "100", "100", "0"))
        await until_quiet(browser)
        drawn = count_drawing(browser)
        await browser.say(*_typed("x"))
        await until(lambda: count_drawing(browser) > drawn, 10, "the desktop still answers")
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: browser.is_closed)
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
