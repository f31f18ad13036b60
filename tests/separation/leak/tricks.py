"""Every trick that a page and its browser allow to a person without developer tools."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec
from playwright.async_api import Error, Page

from tests.flows.staff import Staff
from tests.separation.leak.device import Device

_WAIT_MS: Final = 20_000


class Scene(msgspec.Struct):
    """Who plays the trick, on which device, and what came to light by itself."""

    staff: Staff
    device: Device
    session: str
    finds: list[str] = []
    texts: list[bytes] = []
    """What the person holds in their hands afterwards: pasted text, saved pages."""

    @property
    def page(self) -> Page:
        return self.staff.page

    @property
    def address(self) -> str:
        return f"{self.staff.city.url}/sessions/{self.session}"

    async def come_back(self) -> None:
        """To the desktop's picture, in a fresh tab if the old one is gone."""
        if self.staff.page.is_closed():
            self.staff.page = await self.staff.context.new_page()
        await self.page.goto(self.address)
        await self.staff.wait_state("drawn")


async def work_for_a_while(scene: Scene) -> None:
    for x in range(1, 9):
        await scene.staff.click_at(x / 10, 0.9)
    await scene.staff.press("a", "b", "Backspace", "Backspace")


async def copy(scene: Scene) -> None:
    """By keys in the picture and beside it, then paste what the device's clipboard holds into another page."""
    await scene.staff.click_at(0.3, 0.2)
    await scene.staff.press("Control+a", "Control+c", "Control+Insert")
    await scene.page.locator(".where").click()
    await scene.staff.press("Control+a", "Control+c")
    other = await scene.staff.context.new_page()
    await other.set_content("<textarea></textarea>")
    await other.locator("textarea").focus()
    await other.keyboard.press("Control+v")
    scene.texts.append((await other.locator("textarea").input_value()).encode())
    await other.close()


async def drag(scene: Scene) -> None:
    """Double click, triple click, and drag the picture and a selection out of it."""
    box = await scene.page.locator("#screen").bounding_box()
    assert box is not None
    mouse = scene.page.mouse
    for count in (2, 3):
        await mouse.click(box["x"] + 200, box["y"] + 110, click_count=count)
    await mouse.move(box["x"] + 60, box["y"] + 110)
    await mouse.down()
    await mouse.move(box["x"] + 500, box["y"] + 200, steps=6)
    await mouse.move(box["x"] + 500, 5, steps=4)
    await mouse.up()
    selected = await scene.page.evaluate("() => String(window.getSelection())")
    scene.texts.append(selected.encode())


async def context_menu(scene: Scene) -> None:
    """'Save image as …' and 'copy image' must not be offered for the picture."""
    watch = """() => {
        window.menus = [];
        window.addEventListener("contextmenu", (event) => window.menus.push(event.defaultPrevented));
        window.addEventListener("dragstart", (event) => window.menus.push(event.defaultPrevented), true);
    }"""
    await scene.page.evaluate(watch)
    box = await scene.page.locator("#screen canvas").first.bounding_box()
    assert box is not None
    await scene.page.mouse.click(box["x"] + 200, box["y"] + 110, button="right")
    await scene.page.mouse.click(box["x"] + 700, box["y"] + 300, button="right", click_count=2)
    menus = await scene.page.evaluate("() => window.menus")
    scene.finds += ["the browser's own menu opens on the picture" for is_prevented in menus if not is_prevented]
    await scene.staff.press("Escape")


async def save_and_print_keys(scene: Scene) -> None:
    """The keys go to the desktop, not to the browser's dialogs."""
    watch = """() => {
        window.keys = [];
        window.addEventListener("keydown", (event) => window.keys.push([event.code, event.defaultPrevented]));
    }"""
    await scene.page.evaluate(watch)
    await scene.staff.click_at(0.9, 0.5)
    await scene.staff.press("Control+s", "Control+p", "Control+Shift+s")
    keys = await scene.page.evaluate("() => window.keys")
    scene.finds += [f"{code} reaches the browser" for code, is_stopped in keys if not is_stopped]


async def save_page(scene: Scene) -> None:
    """As one file with everything (MHTML), as HTML, and by a link that names a download."""
    session = await scene.staff.context.new_cdp_session(scene.page)
    saved = await session.send("Page.captureSnapshot", {"format": "mhtml"})
    (scene.device.downloads / "page.mhtml").write_text(saved["data"], "utf-8")
    (scene.device.downloads / "page.html").write_text(await scene.page.content(), "utf-8")
    await session.detach()


async def print_to_pdf(scene: Scene) -> None:
    await scene.page.pdf(path=scene.device.downloads / "printed.pdf", print_background=True, format="A3")
    await scene.page.emulate_media(media="print")
    (scene.device.downloads / "preview.png").write_bytes(await scene.page.screenshot())
    await scene.page.emulate_media(media="screen")


async def zoom(scene: Scene) -> None:
    session = await scene.staff.context.new_cdp_session(scene.page)
    for factor in (2.0, 0.5, 1.0):
        await session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": factor})
    await session.detach()
    for width, height in ((700, 500), (1280, 800)):
        await scene.page.set_viewport_size({"width": width, "height": height})
        await scene.page.wait_for_timeout(700)


async def reload(scene: Scene) -> None:
    await scene.page.reload()
    await scene.staff.wait_state("drawn")


async def go_back_in_history(scene: Scene) -> None:
    """Away to the portal and back, twice: a page kept alive in the history must not show the old picture."""
    for _ in range(2):
        await scene.page.goto(f"{scene.staff.city.url}/")
        await scene.page.go_back(wait_until="commit")
        await scene.staff.wait_state("drawn")


async def other_tab_in_front(scene: Scene) -> None:
    other = await scene.staff.context.new_page()
    await other.goto(f"{scene.staff.city.url}/")
    await other.bring_to_front()
    await other.wait_for_timeout(1500)
    await other.close()
    await scene.page.bring_to_front()


async def view_source(scene: Scene) -> None:
    other = await scene.staff.context.new_page()
    with suppress(Error):
        await other.goto(f"view-source:{scene.address}")
        scene.texts.append((await other.content()).encode())
    await other.close()


async def second_window(scene: Scene) -> None:
    """The same address in a second window takes over; then the first takes the desktop back."""
    other = await scene.staff.context.new_page()
    await other.goto(scene.address)
    await other.locator("html[data-session-state=drawn]").wait_for(timeout=_WAIT_MS, state="attached")
    await other.close()
    await scene.come_back()


async def offline(scene: Scene) -> None:
    """Reload without a network: nothing of the page may come from a cache."""
    await scene.staff.context.set_offline(True)
    with suppress(Error):
        await scene.page.reload()
    await scene.page.wait_for_url("chrome-error://**")
    scene.texts.append((await scene.page.content()).encode())
    (scene.device.downloads / "offline.png").write_bytes(await scene.page.screenshot())
    await scene.staff.context.set_offline(False)
    await scene.come_back()


async def crash_tab(scene: Scene) -> None:
    page = scene.page
    with suppress(Error):
        await page.goto("chrome://crash", timeout=3000)
    scene.staff.page = await scene.staff.context.new_page()
    with suppress(Error):
        await page.close()
    await scene.come_back()


async def close_tab(scene: Scene) -> None:
    # the last tab would take the browser with it
    page, scene.staff.page = scene.page, await scene.staff.context.new_page()
    await page.close()
    await scene.come_back()


async def lose_power(scene: Scene) -> None:
    """Killed with the picture on the screen, then started again with the pages of the last time."""
    await scene.device.kill()
    scene.staff.context = await scene.device.start("--restore-last-session")
    scene.staff.page = scene.staff.context.pages[0]
    with suppress(Error):
        await scene.page.goto(scene.address)
    state = scene.page.locator("html[data-session-state=drawn], input[name=login]")
    await state.first.wait_for(timeout=_WAIT_MS, state="attached")


Trick = Callable[[Scene], Awaitable[None]]
BRIEF: Final[tuple[Trick, ...]] = (copy, context_menu, save_page, print_to_pdf, go_back_in_history, lose_power)
ALL: Final[tuple[Trick, ...]] = (
    work_for_a_while, copy, drag, context_menu, save_and_print_keys, save_page, print_to_pdf, zoom, reload,
    go_back_in_history, other_tab_in_front, view_source, second_window, offline, crash_tab, close_tab, lose_power,
)  # fmt: skip
