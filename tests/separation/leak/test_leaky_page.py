"""The search in a real profile: a page that keeps everything is found out, in every store that it has used."""

import gzip
import io
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from PIL import Image

from tests.separation.leak.desktop import new_canaries
from tests.separation.leak.device import new_device
from tests.separation.leak.needles import encode_all
from tests.separation.leak.pictures import Original
from tests.separation.leak.test_search import DESKTOP
from tests.separation.leak.traces import PICTURE, Search

pytestmark = [pytest.mark.real, pytest.mark.browser]

CANARIES = new_canaries()
PAGE = f"""<!doctype html><title>{CANARIES["title"]}</title><img src="/desktop.png"><p>{CANARIES["screen"]}</p>
<script>
localStorage.setItem("kept", "{CANARIES["clipboard"]}");
const request = indexedDB.open("kept", 1);
request.onupgradeneeded = () => request.result.createObjectStore("kept");
request.onsuccess = () => {{
  const change = request.result.transaction("kept", "readwrite");
  change.objectStore("kept").put("{CANARIES["file"]}", 1);
  change.oncomplete = () => {{ document.body.dataset.done = "yes"; }};
}};
</script>"""


async def show_page(_request: web.Request) -> web.Response:
    headers = {"Content-Encoding": "gzip", "Cache-Control": "max-age=3600"}
    return web.Response(body=gzip.compress(PAGE.encode()), content_type="text/html", headers=headers)


async def show_picture(_request: web.Request) -> web.Response:
    sink = io.BytesIO()
    Image.fromarray(DESKTOP).save(sink, "PNG")
    return web.Response(body=sink.getvalue(), content_type="image/png", headers={"Cache-Control": "max-age=3600"})


@pytest.fixture
async def address() -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes([web.get("/", show_page), web.get("/desktop.png", show_picture)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_page_that_keeps_everything_is_found_out(address: str) -> None:
    search = Search(needles={place: encode_all(value) for place, value in CANARIES.items()}, original=Original(DESKTOP))
    async with new_device() as device:
        context = await device.start()
        page = context.pages[0]
        await page.goto(address)
        await page.locator("body[data-done=yes]").wait_for()
        await device.close()
        finds = search.look_in_folders(device.folders())
    where = {(find.place, store) for find in finds for store in ("Cache", "Local Storage", "IndexedDB", "History")
             if f"/{store}" in find.where}  # fmt: skip
    assert {
        ("screen", "Cache"), ("title", "Cache"), ("clipboard", "Local Storage"), ("file", "IndexedDB"),
        ("title", "History"), (PICTURE, "Cache"),
    } <= where  # fmt: skip
    assert not any(find.place == "print" for find in finds), "what was never shown is not found"
