"""The browser's screen, as it told us with the ticket."""

import re
from typing import Final

import msgspec

from gateway.filters.browser import MAX_SIDE_PX, MIN_SIDE_PX

RDP_DPI: Final = (96, 120)
"""Resolutions that RDP desktops look best at, the best first; guacd has the same preference."""
RDP_REASONABLE_AREA_PX: Final = 800 * 600

_zone_form: Final = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
_number_form: Final = re.compile(r"[0-9]{1,5}")
MIN_DPI: Final = 48
MAX_DPI: Final = 600


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """Pixels, dots per inch and the IANA name of the time zone (empty: unknown)."""

    width_px: int = 1280
    height_px: int = 800
    dpi: int = 96
    timezone: str = ""


def read_display(width: str, height: str, dpi: str, timezone: str) -> Display:
    """A display from texts of the browser. Numbers are brought into range; what is no number takes the default."""
    default = Display()
    width_px = _clamp(width, MIN_SIDE_PX, MAX_SIDE_PX, default.width_px)
    return Display(
        width_px=width_px - width_px % 2,
        height_px=_clamp(height, MIN_SIDE_PX, MAX_SIDE_PX, default.height_px),
        dpi=_clamp(dpi, MIN_DPI, MAX_DPI, default.dpi),
        timezone=timezone if _zone_form.fullmatch(timezone) else default.timezone,
    )


def read_dpi(text: str) -> int | None:
    """A resolution that somebody has set; ``None`` for none, or for what can't be one."""
    return int(text) if _number_form.fullmatch(text) and MIN_DPI <= int(text) <= MAX_DPI else None


def choose_rdp_picture(display: Display, dpi: int | None = None) -> Display:
    """The size in which an RDP desktop is to be drawn on ``display``; ``dpi`` forces the resolution.

    As guacd would choose it: 96 dpi unless too few pixels are left of the screen, width a multiple of four.
    """
    chosen = dpi or next((one for one in RDP_DPI if _area_at(display, one) >= RDP_REASONABLE_AREA_PX), display.dpi)
    return msgspec.structs.replace(
        display,
        width_px=max(MIN_SIDE_PX, display.width_px * chosen // display.dpi // 4 * 4),
        height_px=max(MIN_SIDE_PX, display.height_px * chosen // display.dpi),
        dpi=chosen,
    )


def _area_at(display: Display, dpi: int) -> int:
    return (display.width_px * dpi // display.dpi) * (display.height_px * dpi // display.dpi)


def _clamp(text: str, lowest: int, highest: int, default: int) -> int:
    if not _number_form.fullmatch(text):
        return default
    return min(max(int(text), lowest), highest)
