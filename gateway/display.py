"""The browser's screen, as it told us with the ticket."""

import re
from typing import Final

import msgspec

from gateway.filters.browser import MAX_SIDE_PX, MIN_SIDE_PX

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


def _clamp(text: str, lowest: int, highest: int, default: int) -> int:
    if not _number_form.fullmatch(text):
        return default
    return min(max(int(text), lowest), highest)
