"""The keyboard layer of the session page, on the keys of a Japanese keyboard as browsers report them."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import Browser, Page, expect

from tests.web.fake_tunnel import FakeTunnel
from tests.web.fakes import FakeCity
from tests.web.in_browser import signed_in_page, wait_state
from tests.web.people import POOLS, STAFF, make_session

pytestmark = pytest.mark.browser

ZENKAKU_HANKAKU: Final = 0xFF2A
HENKAN: Final = 0xFF23
MUHENKAN: Final = 0xFF22
KANA: Final = 0xFF27
EISU: Final = 0xFF30
CAPS_LOCK: Final = 0xFFE5
SHIFT: Final = 0xFFE1

_DISPATCH: Final = """([type, init]) => {
  const event = new KeyboardEvent(type, {bubbles: true, cancelable: true, ...init});
  if (init.keyCode) Object.defineProperty(event, "keyCode", {value: init.keyCode});
  document.getElementById("screen").dispatchEvent(event);
  return event.defaultPrevented;
}"""


@pytest.fixture
async def page(browser: Browser, city: FakeCity, portal_url: str) -> AsyncIterator[Page]:
    city.sessions.live = {POOLS[0][0].id: make_session(POOLS[0][0], STAFF)}
    async with signed_in_page(browser, portal_url, STAFF.login) as page:
        await page.goto(f"{portal_url}/sessions/s-lgwan-std-p1001")
        await wait_state(page, "drawn")
        yield page


async def strike(page: Page, kind: str, key: str, code: str, **more: object) -> bool:
    """A key event as a browser on another system reports it; whether the page kept its default from happening."""
    return bool(await page.evaluate(_DISPATCH, [kind, {"key": key, "code": code, **more}]))


def tapped(keysym: int) -> list[tuple[int, int]]:
    return [(keysym, 1), (keysym, 0)]


TAPPED: Final = [
    ("Zenkaku", "Backquote", ZENKAKU_HANKAKU),
    ("Hankaku", "Backquote", ZENKAKU_HANKAKU),
    ("ZenkakuHankaku", "Backquote", ZENKAKU_HANKAKU),
    ("Process", "Backquote", ZENKAKU_HANKAKU),
    ("KanjiMode", "Backquote", ZENKAKU_HANKAKU),
    ("HiraganaKatakana", "KanaMode", KANA),
    ("Hiragana", "KanaMode", KANA),
    ("Katakana", "KanaMode", KANA),
    ("Alphanumeric", "CapsLock", EISU),
    ("Eisu", "Lang2", EISU),
    ("CapsLock", "CapsLock", CAPS_LOCK),
]


async def test_keys_that_may_have_no_keyup_are_tapped(page: Page, tunnel: FakeTunnel) -> None:
    expected: list[tuple[int, int]] = []
    for key, code, keysym in TAPPED:
        assert await strike(page, "keydown", key, code), key
        await strike(page, "keydown", key, code, repeat=True)
        await strike(page, "keyup", key, code)
        await strike(page, "keydown", key, code)
        expected += tapped(keysym) * 2
        assert await tunnel.wait_for_keys(len(expected)) == expected, key


async def test_zenkaku_and_hankaku_in_turn_are_one_key(page: Page, tunnel: FakeTunnel) -> None:
    """Windows: each press is a keydown under the one name and a keyup under the other."""
    for down, up in (("Zenkaku", "Hankaku"), ("Hankaku", "Zenkaku")):
        await strike(page, "keydown", down, "Backquote", keyCode=244)
        await strike(page, "keyup", up, "Backquote", keyCode=243)
    await strike(page, "keydown", "a", "KeyA")
    await strike(page, "keyup", "a", "KeyA")
    assert await tunnel.wait_for_keys(6) == [*tapped(ZENKAKU_HANKAKU) * 2, *tapped(ord("a"))]


async def test_henkan_and_muhenkan_are_held(page: Page, tunnel: FakeTunnel) -> None:
    for key in ("Convert", "NonConvert"):
        await strike(page, "keydown", key, key, keyCode=28)
        await strike(page, "keydown", key, key, keyCode=28, repeat=True)
        await strike(page, "keyup", key, key, keyCode=28)
    assert await tunnel.wait_for_keys(4) == [*tapped(HENKAN), *tapped(MUHENKAN)]


SIGNS: Final = [
    ("@", "BracketLeft", False, 0x40),
    (":", "Quote", False, 0x3A),
    ("^", "Equal", False, 0x5E),
    ("¥", "IntlYen", False, 0xA5),
    ("\\", "IntlRo", False, 0x5C),
    ("_", "IntlRo", True, 0x5F),
    ("|", "IntlYen", True, 0x7C),
]


async def test_signs_of_a_jis_keyboard(page: Page, tunnel: FakeTunnel) -> None:
    expected: list[tuple[int, int]] = []
    for key, code, shift, keysym in SIGNS:
        if shift:
            await strike(page, "keydown", "Shift", "ShiftLeft", shiftKey=True, keyCode=16)
        await strike(page, "keydown", key, code, shiftKey=shift)
        await strike(page, "keyup", key, code, shiftKey=shift)
        if shift:
            await strike(page, "keyup", "Shift", "ShiftLeft", keyCode=16)
        expected += [(SHIFT, 1), *tapped(keysym), (SHIFT, 0)] if shift else tapped(keysym)
        assert await tunnel.wait_for_keys(len(expected)) == expected, key


async def test_real_typing_reaches_the_desktop(page: Page, tunnel: FakeTunnel) -> None:
    await page.keyboard.type("aZ|")
    sent = await tunnel.wait_for_keys(6)
    assert [keysym for keysym, pressed in sent if pressed and keysym < 0xFF00] == [ord("a"), ord("Z"), ord("|")]


async def test_the_local_input_method_is_noticed(page: Page, tunnel: FakeTunnel) -> None:
    await strike(page, "keydown", "Process", "KeyA", keyCode=229)
    toast = page.locator("#toast")
    await expect(toast).to_have_text("手元のPCのIMEをオフにしてください")
    await expect(toast).to_be_visible()
    assert tunnel.keys() == []


@pytest.mark.parametrize("leave", ["blur", "visibility", "toolbar", "disconnect"])
async def test_no_key_stays_down(page: Page, tunnel: FakeTunnel, leave: str) -> None:
    await strike(page, "keydown", "Convert", "Convert")
    await strike(page, "keydown", "Shift", "ShiftLeft", shiftKey=True, keyCode=16)
    await tunnel.wait_for_keys(2)
    match leave:
        case "blur":
            await page.evaluate("() => window.dispatchEvent(new Event('blur'))")
        case "visibility":
            await page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        case "toolbar":
            await page.locator("#toggle-toolbar").focus()
        case _:
            await page.locator("#disconnect").click()
    sent = await tunnel.wait_for_keys(4)
    assert sorted(sent[2:]) == [(HENKAN, 0), (SHIFT, 0)]


CHORDS: Final = [
    ("半/全", [ZENKAKU_HANKAKU]),
    ("変換", [HENKAN]),
    ("無変換", [MUHENKAN]),
    ("カナ", [KANA]),
    ("Ctrl+Alt+Del", [0xFFE3, 0xFFE9, 0xFFFF]),
    ("Alt+Tab", [0xFFE9, 0xFF09]),
    ("Win", [0xFFEB]),
]


async def test_the_toolbar_sends_keys(page: Page, tunnel: FakeTunnel) -> None:
    expected: list[tuple[int, int]] = []
    for button, chord in CHORDS:
        await page.get_by_role("button", name=button, exact=True).click()
        expected += [(keysym, 1) for keysym in chord] + [(keysym, 0) for keysym in reversed(chord)]
        assert await tunnel.wait_for_keys(len(expected)) == expected, button
        await expect(page.locator("#screen")).to_be_focused()


async def test_the_keyboard_is_not_trapped_in_the_picture(page: Page, tunnel: FakeTunnel) -> None:
    for key in ("Control", "Alt", "Shift"):
        await page.keyboard.down(key)
    for key in ("Shift", "Alt", "Control"):
        await page.keyboard.up(key)
    await expect(page.locator("#toggle-toolbar")).to_be_focused()
    sent = tunnel.keys()
    assert sum(1 if pressed else -1 for _keysym, pressed in sent) == 0
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("button", name="半/全", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#screen")).to_be_focused()
