"""The watermark on the picture itself: after redraws, after a change of size, after somebody tampers with the page."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Browser

from tests.flows.city import City, staff_with_everything
from tests.flows.staff import Staff, at_a_browser

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(300)]
STAFF = staff_with_everything()[10]
DEADLINE_MS = 20_000

CANVASES = """() => [...document.querySelectorAll("#screen canvas")]
    .filter((each) => each.width > 300 && each.isConnected)
    .map((each) => each.toDataURL("image/png").split(",")[1])"""
REMOVE_TOPMOST = """() => {
    const canvases = [...document.querySelectorAll("#screen canvas")].filter((each) => each.width > 300);
    canvases.at(-1).parentElement.remove();
}"""

Layer = NDArray[np.uint8]


async def layers(staff: Staff) -> list[Layer]:
    """What the browser's canvases hold, lowest first, with alpha."""
    encoded = await staff.page.evaluate(CANVASES)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGBA")) for each in encoded]


async def see_marked(staff: Staff, *, narrower_than: int = 100_000) -> tuple[Layer, Layer]:
    """Picture and watermark, once the second covers the first whole. Fails when that never is so."""
    for _ in range(DEADLINE_MS // 250):
        found = await layers(staff)
        if len(found) == 2 and found[0].shape == found[1].shape and found[0].shape[1] < narrower_than:
            return found[0], found[1]
        await staff.page.wait_for_timeout(250)
    raise AssertionError("the picture bears no watermark")


def is_text(mark: Layer) -> bool:
    """Dark letters with a light rim, on a part of every quarter of the picture."""
    height, width = mark.shape[0] // 2, mark.shape[1] // 2
    quarters = [mark[y : y + height, x : x + width] for y in (0, height) for x in (0, width)]
    shares = [float((quarter[..., 3] > 20).mean()) for quarter in quarters]
    tones = mark[..., 0][mark[..., 3] > 20]
    has_both = bool((tones < 60).any() and (tones > 200).any())
    return has_both and all(0.01 < share < 0.25 for share in shares)


async def test_the_picture_bears_the_watermark_whatever_happens_to_it(city: City, browser: Browser) -> None:
    async with at_a_browser(city, browser, STAFF) as staff:
        await staff.enrol()
        await staff.open("gyomu-rdp")
        before = await staff.see_resting()
        await staff.shoot("watermark")
        picture, mark = await see_marked(staff)
        assert is_text(mark)

        # The desktop draws below it.
        await staff.click_at(0.25, 0.4)
        await staff.type("seq 400\n")
        await staff.wait_change(before)
        await staff.see_resting()
        redrawn, same_mark = await see_marked(staff)
        assert (redrawn != picture).any()
        assert (same_mark == mark).all()

        # Another size of the window is another size of the picture, marked as well.
        await staff.page.set_viewport_size({"width": 1000, "height": 640})
        _, small_mark = await see_marked(staff, narrower_than=mark.shape[1])
        assert is_text(small_mark)
        await staff.shoot("watermark-small")

        # Cut out of the page, it is back before long.
        await staff.page.evaluate(REMOVE_TOPMOST)
        assert len(await layers(staff)) == 1
        for _ in range(60):
            _, again = await see_marked(staff)
            if is_text(again):
                break
            await staff.page.wait_for_timeout(250)
        else:
            raise AssertionError("the watermark did not come back")

        await staff.log_off()
        assert city.audit("watermark.not_acknowledged") == [], "a plain browser is never suspected"
