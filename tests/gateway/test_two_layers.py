"""Nothing is granted, and one of the two layers is missing: on a real guacd with a real desktop the other one holds.

Each is preceded by its control: with both layers gone the text does cross, so that a silence means something.
"""

import asyncio
import base64
import os
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from broker.wire.messages import EventKind
from gateway.filters.opcodes import Need
from gateway.protocol import encode_instruction
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site
from tests.gateway.layers import Layers, acks_of
from tests.gateway.real_parts import Desktop, run_desktop
from tests.gateway.test_real_guacd import count_drawing, until_quiet

pytestmark = pytest.mark.real
TEXT = "CANARY-of-the-clipboard"


class Screen:
    """Both ends of one connection: the browser, and the clipboard of the desktop."""

    def __init__(self, browser: ObedientBrowser, desktop: Desktop) -> None:
        self.browser = browser
        self._environment = os.environ | {"DISPLAY": desktop.display}

    def copy_on_desktop(self, text: str) -> None:
        command = ["xclip", "-i", "-selection", "clipboard"]
        subprocess.run(command, input=text.encode(), env=self._environment, timeout=10, check=True)

    def read_on_desktop(self) -> str:
        command = ["xclip", "-o", "-selection", "clipboard"]
        done = subprocess.run(command, env=self._environment, timeout=10, capture_output=True, check=False)
        return done.stdout.decode(errors="replace")

    async def send(self, text: str) -> None:
        await self.browser.say(
            encode_instruction("clipboard", "4", "text/plain"),
            encode_instruction("blob", "4", base64.b64encode(text.encode()).decode()),
            encode_instruction("end", "4"),
        )

    async def see_something_else(self) -> None:
        """guacd has handled what came before, in either direction: a key typed later has changed the picture."""
        await until_quiet(self.browser)
        before = count_drawing(self.browser)
        await self.browser.say(encode_instruction("key", "65", "1"), encode_instruction("key", "65", "0"))
        await until(lambda: count_drawing(self.browser) > before, 15, "the picture changes")
        await until_quiet(self.browser)


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with run_desktop(tmp_path_factory.mktemp("desktop")) as running:
        yield running


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Layers:
    return Layers(monkeypatch)


@pytest.fixture
async def real_site(site: Site, desktop: Desktop) -> Site:
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    return site


@pytest.fixture
async def screen(
    real_site: Site, desktop: Desktop, layers: Layers, request: pytest.FixtureRequest
) -> AsyncIterator[Screen]:
    """A connection without any grant, from which the layers named by the test are missing."""
    missing: set[str] = request.param
    if "filters" in missing:
        layers.switch_filters_off()
    if "arguments" in missing:
        layers.leave_arguments_out()
    real_site.issue(parameters=desktop.parameters)
    async with ObedientBrowser(real_site.port) as browser:
        await browser.show_ticket(TICKET, "800", "600", "96", "Asia/Tokyo")
        await until(lambda: real_site.broker.find(EventKind.DRAWN), 20, "the first frame is acknowledged")
        connected = Screen(browser, desktop)
        await asyncio.to_thread(connected.copy_on_desktop, "nothing of note")
        await until_quiet(browser)
        layers.asked.clear()
        yield connected


BOTH, FILTERS, ARGUMENTS = {"filters", "arguments"}, {"filters"}, {"arguments"}


@pytest.mark.parametrize("screen", [BOTH], indirect=True)
async def test_without_either_layer_text_leaves_and_enters(screen: Screen, layers: Layers) -> None:
    await asyncio.to_thread(screen.copy_on_desktop, TEXT)
    await until(lambda: base64.b64encode(TEXT.encode()) in screen.browser.text(), 15, "the text leaves")
    await screen.send("CANARY-inward")
    await screen.see_something_else()
    assert await asyncio.to_thread(screen.read_on_desktop) == "CANARY-inward"


@pytest.mark.parametrize("screen", [FILTERS, ARGUMENTS], indirect=True, ids=["without filters", "without arguments"])
async def test_one_layer_alone_keeps_text_inside(
    screen: Screen, layers: Layers, request: pytest.FixtureRequest
) -> None:
    await asyncio.to_thread(screen.copy_on_desktop, TEXT)
    await screen.see_something_else()
    assert await asyncio.to_thread(screen.read_on_desktop) == TEXT
    assert b"clipboard" not in screen.browser.opcodes()
    assert base64.b64encode(TEXT.encode()) not in screen.browser.text()
    # which of the two it was: guacd sends nothing, or the filters were asked and refused
    has_guacd_sent = Need.CLIPBOARD_OUT in layers.asked
    assert has_guacd_sent == ("without arguments" in request.node.name)


@pytest.mark.parametrize("screen", [FILTERS, ARGUMENTS], indirect=True, ids=["without filters", "without arguments"])
async def test_one_layer_alone_keeps_text_outside(
    screen: Screen, layers: Layers, request: pytest.FixtureRequest
) -> None:
    await screen.send(TEXT)
    await screen.see_something_else()
    assert await asyncio.to_thread(screen.read_on_desktop) == "nothing of note"
    was_refused_here = b"771" in acks_of(screen.browser.instructions, b"4")
    assert was_refused_here == ("without arguments" in request.node.name)
