"""A real guacd and a real desktop: what the fakes assume is what happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.model.reasons import EndReason
from broker.model.service_name import ServiceKind
from broker.wire.messages import EventKind
from gateway.protocol import encode_instruction
from sekisho.parts.guacd import GuacdTls
from tests.fakes.browser import ObedientBrowser
from tests.fakes.services import ServicePki
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site
from tests.gateway.real_parts import Desktop, run_desktop

pytestmark = pytest.mark.real

DRAWS = {b"img", b"copy", b"rect", b"cfill"}


@pytest.fixture
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with run_desktop(tmp_path_factory.mktemp("desktop")) as running:
        yield running


@pytest.fixture
async def real_site(site: Site, desktop: Desktop) -> Site:
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    return site


async def test_a_real_picture_appears_and_changes_when_a_key_is_typed(real_site: Site, desktop: Desktop) -> None:
    real_site.issue(parameters=desktop.parameters)
    async with ObedientBrowser(real_site.port) as browser:
        await browser.show_ticket(TICKET, "800", "600", "96", "Asia/Tokyo")
        await until(lambda: real_site.broker.find(EventKind.DRAWN), 20, "the first frame is acknowledged")
        assert DRAWS & set(browser.opcodes())
        await browser.say(encode_instruction("mouse", "100", "100", "0"))
        await until_quiet(browser)
        drawn_before = count_drawing(browser)
        for keysym in b"echo canary":
            await browser.say(encode_instruction("key", str(keysym), "1"), encode_instruction("key", str(keysym), "0"))
        await until(lambda: count_drawing(browser) > drawn_before, 10, "the picture changes")
        await browser.say(encode_instruction("disconnect"))
        await until(lambda: browser.is_closed)
    await until(lambda: real_site.broker.find(EventKind.DETACHED))
    detached = real_site.broker.find(EventKind.DETACHED)
    assert detached is not None
    assert detached.reason is EndReason.CLIENT_CLOSED
    assert detached.detail["unknown"] == "0"


async def test_the_clipboard_is_refused_and_the_session_goes_on(real_site: Site, desktop: Desktop) -> None:
    real_site.issue(parameters=desktop.parameters)
    async with ObedientBrowser(real_site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: real_site.broker.find(EventKind.DRAWN), 20)
        await browser.say(
            encode_instruction("clipboard", "0", "text/plain"),
            encode_instruction("blob", "0", "Y2FuYXJ5"),
            encode_instruction("end", "0"),
        )
        await until(lambda: [b"ack", b"0", b"BLOCKED", b"771"] in browser.instructions)
        await until_quiet(browser)
        drawn_before = count_drawing(browser)
        await browser.say(encode_instruction("key", "65", "1"), encode_instruction("key", "65", "0"))
        await until(lambda: count_drawing(browser) > drawn_before, 10)
        assert b"clipboard" not in browser.opcodes()


async def test_a_desktop_that_is_not_there_is_named(real_site: Site, desktop: Desktop) -> None:
    real_site.issue(parameters=desktop.parameters | {"hostname": "/desktops/none/vnc.sock"})
    async with ObedientBrowser(real_site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: browser.is_closed, 20)
    await until(lambda: real_site.broker.find(EventKind.DETACHED))
    detached = real_site.broker.find(EventKind.DETACHED)
    assert detached is not None
    assert detached.reason is EndReason.DESKTOP_UNREACHABLE


async def test_the_picture_comes_over_tls_from_a_guacd_that_is_the_site_s_own(
    site: Site, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pki, stranger = ServicePki(tmp_path / "pki"), ServicePki(tmp_path / "foreign")
    shown = pki.issue(ServiceKind.GUACD, "lgwan")
    # Not in the test's own folder: the path of a desktop's socket would be too long for one.
    folder = tmp_path_factory.mktemp("tls")
    with run_desktop(folder, GuacdTls(certificate=shown.certificate, key=shown.key)) as desktop:
        await site.broker.start()
        site.guacd.address = desktop.guacd_address
        for authority, is_trusted in ((stranger.authority, False), (pki.authority, True)):
            site.changes = {"guacd_ca": authority}
            await site.start_gateway()
            await until(lambda: site.broker.is_connected)
            site.issue(parameters=desktop.parameters)
            async with ObedientBrowser(site.port) as browser:
                await browser.show_ticket(TICKET)
                await until(lambda: browser.is_closed or DRAWS & set(browser.opcodes()), 20)
                assert browser.is_closed is not is_trusted
            await site.stop_gateway()


def count_drawing(browser: ObedientBrowser) -> int:
    return sum(opcode in DRAWS for opcode in browser.opcodes())


async def until_quiet(browser: ObedientBrowser) -> None:
    """Until two frames in a row have drawn nothing (1.3.0 ends an empty frame every second)."""

    def is_quiet() -> bool:
        opcodes = browser.opcodes()
        ends = [place for place, opcode in enumerate(opcodes) if opcode == b"sync"][-2:]
        return len(ends) == 2 and not DRAWS & set(opcodes[ends[0] : ends[1]])

    await until(is_quiet, 15, "the picture is quiet")
