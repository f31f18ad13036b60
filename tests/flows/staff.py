"""What a member of staff does in the browser, in their own words."""

import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np
import pyotp
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, expect

Picture = NDArray[np.uint8]
DRAWN_MS = 45_000
SHOTS = os.environ.get("SEKISHO_SHOTS")


class Portal(Protocol):
    """Where people sign in."""

    @property
    def url(self) -> str: ...

    def password_of(self, login: str) -> str: ...


class Staff:
    """One person in one browser window."""

    def __init__(self, city: Portal, context: BrowserContext, page: Page, login: str) -> None:
        self.city = city
        self.context = context
        self.page = page
        self.login = login
        self.totp: pyotp.TOTP | None = None
        self.recovery_codes: list[str] = []

    # --- signing in

    async def give_password(self, password: str | None = None) -> None:
        await self.page.goto(f"{self.city.url}/login")
        await self.page.get_by_label("職員番号").or_(self.page.locator("input[name=login]")).first.fill(self.login)
        await self.page.locator("input[name=password]").fill(password or self.city.password_of(self.login))
        await self.page.locator("main form button[type=submit]").click()

    async def enrol(self) -> None:
        """The first sign-in: take the key from the page, answer with its code, note the recovery codes."""
        await self.give_password()
        await expect(self.page).to_have_url(f"{self.city.url}/login/enrol")
        key = await self.page.locator("code.text-key").inner_text()
        self.totp = pyotp.TOTP("".join(key.split()))
        await self.give_code(self.totp.now())
        codes = self.page.locator("main ol li code, main ul li code")
        await expect(codes).to_have_count(10)
        self.recovery_codes = await codes.all_inner_texts()

    async def give_code(self, code: str) -> None:
        await self.page.locator("input[name=code]").fill(code)
        await self.page.locator("main form:has(input[name=code]) button[type=submit]").click()

    async def sign_out(self) -> None:
        await self.page.goto(f"{self.city.url}/")
        await self.page.locator("form[action='/signout'] button").click()
        await expect(self.page).to_have_url(f"{self.city.url}/login")

    # --- desktops

    async def open(self, pool: str) -> str:
        """Open a pool (or come back to it) and wait for the picture. The session's id."""
        await self.page.goto(f"{self.city.url}/")
        await self.page.locator(f"[data-pool='{pool}'] form[action$='/open'] button").click()
        await self.wait_state("drawn")
        return urlsplit(self.page.url).path.removeprefix("/sessions/")

    async def wait_state(self, state: str, timeout_ms: int = DRAWN_MS) -> None:
        await expect(self.page.locator("html")).to_have_attribute("data-session-state", state, timeout=timeout_ms)

    async def see(self) -> Picture:
        """The desktop's picture as the person sees it."""
        shot = await self.page.locator("#screen").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=np.uint8)

    async def see_resting(self) -> Picture:
        """The picture once it has stopped changing."""
        before = await self.see()
        for _ in range(60):
            await self.page.wait_for_timeout(300)
            after = await self.see()
            if share_changed(before, after) == 0.0:
                return after
            before = after
        raise AssertionError("the picture never rests")

    async def see_desktop(self) -> Picture:
        """The resting picture once more than an empty ground is on it."""
        for _ in range(60):
            picture = await self.see_resting()
            if count_colours(picture) > 8:
                return picture
            await self.page.wait_for_timeout(500)
        raise AssertionError("an empty picture is no desktop")

    async def wait_change(self, before: Picture, at_least: float = 0.0002, deadline_ms: int = 15_000) -> Picture:
        """The picture once a share of at least ``at_least`` of its pixels differs."""
        for _ in range(deadline_ms // 150):
            after = await self.see()
            if share_changed(before, after) >= at_least:
                return after
            await self.page.wait_for_timeout(150)
        raise AssertionError("the picture did not change")

    async def click_at(self, x: float, y: float) -> None:
        """Click into the desktop at a share of its width and height."""
        box = await self.page.locator("#screen").bounding_box()
        assert box is not None
        await self.page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text, delay=30)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key, delay=30)

    async def tool(self, name: str) -> None:
        """A button of the toolbar, by its label."""
        await self.page.locator("#toolbar").get_by_role("button", name=name, exact=True).click()

    async def log_off(self) -> None:
        await self.page.locator("#logoff").click()
        await self.page.locator("#logoff-confirm").click()
        await self.wait_state("ended")

    async def shoot(self, name: str) -> None:
        """Keep a picture of the page where ``SEKISHO_SHOTS`` names a folder."""
        if SHOTS:
            await self.page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def share_changed(one: Picture, other: Picture) -> float:
    """The share of pixels that differ visibly; everything when the sizes differ."""
    if one.shape != other.shape:
        return 1.0
    difference = np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2)
    return float((difference > 24).mean())


def count_colours(picture: Picture) -> int:
    return len(np.unique(picture.reshape(-1, 3), axis=0))


@asynccontextmanager
async def at_a_browser(city: Portal, browser: Browser, login: str) -> AsyncIterator[Staff]:
    """A fresh browser profile with one window of 1280×800."""
    context = await browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    try:
        yield Staff(city, context, page, login)
    finally:
        await context.close()
