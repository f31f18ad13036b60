"""A real guacd and a real desktop: the watermark stands in the stream before the first frame."""

from collections.abc import Iterator

import pytest

from broker.wire.messages import EventKind
from gateway.protocol import encode_instruction
from gateway.watermark.instructions import LAYER
from tests.fakes.browser import ObedientBrowser
from tests.fakes.waiting import until
from tests.fakes.watermark import is_watermark
from tests.gateway.conftest import TICKET, Site, change_grants
from tests.gateway.real_parts import Desktop, run_desktop

pytestmark = pytest.mark.real


@pytest.fixture
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with run_desktop(tmp_path_factory.mktemp("desktop")) as running:
        yield running


async def test_every_size_of_a_real_guacd_is_followed_by_the_watermark(site: Site, desktop: Desktop) -> None:
    await site.broker.start()
    site.guacd.address = desktop.guacd_address
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)
    site.issue(parameters=desktop.parameters, **change_grants(watermark_text="関所\xa0太郎 t-sekisho"))
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET, "800", "600", "96", "Asia/Tokyo")
        await until(lambda: site.broker.find(EventKind.DRAWN), 20, "the first frame is acknowledged")
        for keysym in b"ls\r":
            await browser.say(encode_instruction("key", str(keysym), "1"), encode_instruction("key", str(keysym), "0"))
        frames = browser.opcodes().count(b"sync")
        await until(lambda: browser.opcodes().count(b"sync") > frames + 2, 15, "the picture goes on")
        seen = list(browser.instructions)
        assert not browser.is_closed
    sizes = [at for at, each in enumerate(seen) if each[:2] == [b"size", b"0"]]
    assert sizes, "guacd names the size of the picture"
    assert sizes[0] < [each[0] for each in seen].index(b"sync")
    for at in sizes:
        cover = [each for each in seen[at + 1 :][:20] if is_watermark(each) and each[1] == LAYER.encode()]
        assert is_watermark(seen[at + 1])
        assert cover[0] == [b"size", LAYER.encode(), *seen[at][2:4]]
    assert site.broker.find(EventKind.WATERMARK_NOT_ACKNOWLEDGED) is None
