"""The walk itself."""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import aiohttp
import msgspec
from pyotp.totp import TOTP

from sekisho.smoke.browser import Browser, Page
from sekisho.smoke.steps import SmokeFailed
from sekisho.smoke.tunnel import Tunnel, open_tunnel

_FRAME_DEADLINE_S: Final = 45.0
_PATIENCE_S: Final = 5.0
_TICKET_DEADLINE_S: Final = 60.0
_TOTP_STEP_S: Final = 30
_TYPED: Final = [ord(letter) for letter in "echo sekisho"]
_RETURN_KEY: Final = 0xFF0D
_CONTROL_KEY: Final = 0xFFE3
_TEXT_KEY: Final = re.compile(r'class="text-key"[^>]*>([A-Z2-7 ]+)<')


class SmokeResult(msgspec.Struct, frozen=True, kw_only=True):
    """``pools``: milliseconds from the click on 'open' to the first drawn frame and its ``sync``."""

    ok: bool
    pools: dict[str, int]
    returned_ms: dict[str, int] = {}
    failed: str | None = None


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Where the site is and who walks. ``totp_secret`` answers the code step once it is enrolled."""

    client: aiohttp.ClientSession
    browser: Browser
    tunnel_url: str
    login: str
    password: str
    say: Callable[[str], None]


async def sign_in(walk: Walk, totp_secret: str | None) -> str:
    """Sign in; enrol on the way where that is asked for. The TOTP secret that is now valid."""
    page = await walk.browser.get("/login")
    page = await walk.browser.submit(page, "/login", {"login": walk.login, "password": walk.password})
    if page.path == "/login/enrol":
        totp_secret = _read_text_key(page)
        page = await _send_code(walk, page, "/login/enrol", totp_secret)
        if page.status != 200:
            raise SmokeFailed(f"the enrolment was not confirmed (status {page.status})")
        walk.say("enrolled the authenticator app")
        return totp_secret
    if page.path != "/login/code":
        raise SmokeFailed(f"the password step led to {page.path} (status {page.status})")
    if totp_secret is None:
        raise SmokeFailed(f"{walk.login} has an authenticator app already that is not known here")
    page = await _send_code(walk, page, "/login/code", totp_secret)
    if page.path != "/":
        raise SmokeFailed(f"the code step led to {page.path} (status {page.status})")
    walk.say("signed in with password and code")
    return totp_secret


async def _send_code(walk: Walk, page: Page, path: str, totp_secret: str) -> Page:
    """Try the present code, then the next one (the present one may have been used a moment ago), then wait."""
    totp = TOTP(totp_secret)
    for ahead_s in (0, _TOTP_STEP_S, _TOTP_STEP_S):
        answer = await walk.browser.submit(page, path, {"code": totp.at(int(time.time()) + ahead_s)})
        if answer.status == 200:
            return answer
        page = answer
        if ahead_s:
            await asyncio.sleep(_TOTP_STEP_S + 1)
    return page


def _read_text_key(page: Page) -> str:
    found = _TEXT_KEY.search(page.text)
    if found is None:
        raise SmokeFailed("the enrolment page shows no text key")
    return "".join(found[1].split())


async def visit_pool(walk: Walk, pool_id: str, desktop_of: Callable[[str], Any]) -> tuple[int, int]:
    """Open, see, type, leave, come back to the same desktop, log off. Milliseconds to both first frames."""
    session_page, session_id, opened_at = await open_pool(walk, pool_id)
    async with await attach(walk, session_page, session_id) as tunnel:
        await tunnel.wait_drawn(0, _FRAME_DEADLINE_S)
        first_ms = round((time.monotonic() - opened_at) * 1000)
        walk.say(f"{pool_id}: first picture after {first_ms} ms")
        await _type_and_see(tunnel)
        walk.say(f"{pool_id}: typed, and the picture changed")
    before = await desktop_of(session_id)
    session_page, again_id, opened_at = await open_pool(walk, pool_id)
    async with await attach(walk, session_page, again_id) as tunnel:
        await tunnel.wait_drawn(0, _FRAME_DEADLINE_S)
        again_ms = round((time.monotonic() - opened_at) * 1000)
    after = await desktop_of(again_id)
    if session_id != again_id or before != after or before is None:
        raise SmokeFailed(f"{pool_id}: came back to another desktop ({before} → {after})")
    walk.say(f"{pool_id}: came back to the same desktop after {again_ms} ms")
    await walk.browser.call(session_page, "POST", f"/api/v1/sessions/{again_id}/logoff")
    if await desktop_of(again_id) is not None:
        raise SmokeFailed(f"{pool_id}: the session is still there after log-off")
    walk.say(f"{pool_id}: logged off")
    return first_ms, again_ms


async def open_pool(walk: Walk, pool_id: str) -> tuple[Page, str, float]:
    """Open a pool, or come back to it: the session's page, its id, and when that was asked for (monotonic seconds)."""
    portal = await walk.browser.get("/")
    opened_at = time.monotonic()
    page = await walk.browser.submit(portal, f"/pools/{pool_id}/open", {})
    if not page.path.startswith("/sessions/"):
        raise SmokeFailed(f"{pool_id}: 'open' led to {page.path} (status {page.status})")
    return page, page.path.removeprefix("/sessions/"), opened_at


async def attach(walk: Walk, page: Page, session_id: str) -> AbstractAsyncContextManager[Tunnel]:
    """Wait for a ticket and redeem it. Raises :class:`SmokeFailed`."""
    ticket = await _wait_for_ticket(walk, page, session_id)
    return await open_tunnel(
        walk.client,
        walk.tunnel_url,
        origin=walk.browser.base_url,
        cookie_header=walk.browser.cookie_header,
        ticket=ticket,
    )


async def _wait_for_ticket(walk: Walk, page: Page, session_id: str) -> str:
    give_up_at = time.monotonic() + _TICKET_DEADLINE_S
    while time.monotonic() < give_up_at:
        answer = await walk.browser.call(page, "POST", f"/api/v1/sessions/{session_id}/ticket")
        if answer["status"] == "issued":
            return str(answer["ticket"])
        if answer["status"] != "preparing":
            raise SmokeFailed(f"no ticket: {answer}")
        await asyncio.sleep(0.1)
    raise SmokeFailed("the desktop was not ready in time")


async def _type_and_see(tunnel: Tunnel) -> None:
    """A program that is still starting swallows keys: it is typed again until the picture answers."""
    give_up_at = time.monotonic() + _FRAME_DEADLINE_S
    while True:
        seen = await _type_once(tunnel)
        try:
            await tunnel.wait_drawn(seen, _PATIENCE_S)
            return
        except SmokeFailed:
            if tunnel.closed_because is not None or time.monotonic() > give_up_at:
                raise


async def _type_once(tunnel: Tunnel) -> int:
    """How many frames were drawn before the keys went out."""
    await tunnel.wait_quiet(_FRAME_DEADLINE_S)
    await tunnel.click(240, 200)
    # A terminal clears itself, a browser goes to its address bar: both then show what is typed.
    await tunnel.press_together([_CONTROL_KEY, ord("l")])
    seen = await tunnel.wait_quiet(_FRAME_DEADLINE_S)
    await tunnel.press([*_TYPED, _RETURN_KEY])
    return seen
