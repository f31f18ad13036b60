"""The same on a real RDP desktop, for every grant that guacd's RDP has: clipboard, sound, files, microphone, drive.

guacd 1.3.0 tells only of some of it from outside. A file or a microphone that it does not take is acknowledged with
status 256 (unsupported); a drive shows as `filesystem`, sound as `audio`. Of printing nothing shows without a print
job on a Windows host: there the argument on the wire is the proof, and the filter by itself (`file` streams).
"""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from broker.model.kinds import DesktopProtocol
from broker.wire.messages import EventKind
from gateway.filters.opcodes import Need
from gateway.handshake import Handshake
from gateway.protocol import encode_instruction
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site
from tests.gateway.layers import Layers, acks_of
from tests.gateway.rdp_parts import RdpDesktop, run_rdp_desktop

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]
UNSUPPORTED, BLOCKED = b"256", b"771"
EVERYTHING_ON = {
    "enable_audio_input": "true",
    "enable_printing": "true",
    "enable_drive": "true",
    "drive_path": "/tmp/drive",
    "create_drive_path": "true",
}


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RdpDesktop]:
    with run_rdp_desktop(tmp_path_factory.mktemp("rdp")) as running:
        yield running


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Layers:
    """The browser claims that it can play sound, so that guacd's argument alone decides."""
    describe = Handshake._describe_client

    def with_sound(handshake: Handshake, version: tuple[int, ...]) -> bytes:
        silent, loud = encode_instruction("audio"), encode_instruction("audio", "audio/L16")
        return describe(handshake, version).replace(silent, loud)

    monkeypatch.setattr(Handshake, "_describe_client", with_sound)
    return Layers(monkeypatch)


class Visit:
    """One connection without any grant, and all that its browser tried."""

    def __init__(self, browser: ObedientBrowser, desktop: RdpDesktop, name: str) -> None:
        self.browser = browser
        self.inward, self.outward = f"CANARY-in-{name}", f"CANARY-out-{name}"
        self._desktop = desktop

    async def copy_on_desktop(self, text: str) -> None:
        await asyncio.to_thread(self._desktop.run, "xclip", "-i", "-selection", "clipboard", text=text)

    async def read_on_desktop(self) -> str:
        return await asyncio.to_thread(self._desktop.run, "xclip", "-o", "-selection", "clipboard")

    async def bring_text(self) -> None:
        await self.browser.say(
            encode_instruction("clipboard", "4", "text/plain"),
            encode_instruction("blob", "4", base64.b64encode(self.inward.encode()).decode()),
            encode_instruction("end", "4"),
        )

    async def try_everything(self) -> None:
        """Text in, a microphone, a file; then text out."""
        await self.bring_text()
        await self.browser.say(encode_instruction("audio", "5", "audio/L16;rate=44100,channels=2"))
        await self.browser.say(
            encode_instruction("file", "6", "text/plain", "up.txt"),
            encode_instruction("blob", "6", "QUJD"),
            encode_instruction("end", "6"),
        )
        await until(lambda: acks_of(self.browser.instructions, b"6"), 15, "the file is answered")

    def has_left(self) -> bool:
        return base64.b64encode(self.outward.encode()) in self.browser.text()


@pytest.fixture
async def visit(
    site: Site, desktop: RdpDesktop, layers: Layers, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    missing: str = request.param
    if "filters" in missing:
        layers.switch_filters_off()
    if "arguments" in missing:
        layers.leave_arguments_out(**EVERYTHING_ON)
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    site.issue(parameters=desktop.parameters, protocol=DesktopProtocol.RDP)
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET, "1280", "720", "96", "Asia/Tokyo")
        await until(lambda: site.broker.find(EventKind.DRAWN), 60, "the first frame is acknowledged")
        await until(desktop.is_signed_in, 30, "somebody is signed in")
        yield Visit(browser, desktop, missing.replace(" ", "-"))


@pytest.mark.parametrize("visit", ["filters and arguments"], indirect=True)
async def test_without_either_layer_all_of_it_crosses(visit: Visit, layers: Layers) -> None:
    async def text_leaves() -> bool:
        await visit.copy_on_desktop(visit.outward)
        return visit.has_left()

    await until_so(text_leaves, "the text leaves")
    await visit.try_everything()

    async def text_enters() -> bool:
        # The desktop's own copy of a moment ago may still be on its way and win.
        if await visit.read_on_desktop() == visit.inward:
            return True
        await visit.bring_text()
        return False

    await until_so(text_enters, "the text enters")
    assert b"audio" in visit.browser.opcodes()
    assert b"filesystem" in layers.asked, "guacd offers its drive; that no filter ever lets pass"
    assert UNSUPPORTED not in acks_of(visit.browser.instructions, b"5"), "guacd takes the microphone"
    assert set(acks_of(visit.browser.instructions, b"6")) == {b"0"}, "guacd takes the file"


@pytest.mark.parametrize("visit", ["filters"], indirect=True)
async def test_guacds_arguments_alone_hold(visit: Visit, layers: Layers) -> None:
    await visit.copy_on_desktop(visit.outward)
    await visit.try_everything()
    await until(lambda: acks_of(visit.browser.instructions, b"5"), 15, "the microphone is answered")
    assert await visit.read_on_desktop() == visit.outward, "nothing came in"
    assert not visit.has_left()
    assert set(layers.asked) == {Need.CLIPBOARD_IN, Need.MICROPHONE, Need.FILE_IN}, "guacd itself sent nothing"
    assert acks_of(visit.browser.instructions, b"5") == [UNSUPPORTED]
    assert UNSUPPORTED in acks_of(visit.browser.instructions, b"6")


@pytest.mark.parametrize("visit", ["arguments"], indirect=True)
async def test_the_gateways_filters_alone_hold(visit: Visit, layers: Layers) -> None:
    async def has_guacd_sent_text() -> bool:
        await visit.copy_on_desktop(visit.outward)
        return Need.CLIPBOARD_OUT in layers.asked

    await until_so(has_guacd_sent_text, "guacd sends the text")
    await visit.try_everything()
    assert not visit.has_left()
    assert await visit.read_on_desktop() == visit.outward, "nothing came in"
    await until(lambda: {Need.AUDIO_OUT, b"filesystem"} <= set(layers.asked), 30, "guacd sends sound and its drive")
    assert not {b"clipboard", b"audio", b"file", b"filesystem"} & set(visit.browser.opcodes())
    for index in (b"4", b"5", b"6"):
        assert acks_of(visit.browser.instructions, index) == [BLOCKED]


async def until_so(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """A desktop that has just begun hears nothing of its clipboard yet: asked again until it does."""
    give_up_at = time.monotonic() + 40
    while not await condition():
        assert time.monotonic() < give_up_at, f"not within 40 s: {what}"
        await asyncio.sleep(0.5)
