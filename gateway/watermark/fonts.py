"""Which font the text is drawn with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageDraw, ImageFont

from broker.errors import ConfigurationError

KNOWN_FONTS: Final = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Medium.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"),
)
"""Where Debian's fonts-noto-cjk and fonts-noto-cjk-extra put them; the first face of each is the Japanese one.
The IPA fonts lack 𠮷, which stands in people's names."""

_PROBES: Final = "関髙𠮷"
_NEVER_ASSIGNED: Final = "\uffff"


class Font(msgspec.Struct, frozen=True):
    """A font file that has Japanese glyphs."""

    path: Path


class NoFont(msgspec.Struct, frozen=True):
    """Why there is none, in words for the operator."""

    why: str


def find_font(candidates: Sequence[Path] = KNOWN_FONTS) -> Font | NoFont:
    """The first of the known fonts that is installed and whole."""
    for path in candidates:
        if path.is_file() and not isinstance(font := inspect_font(path), NoFont):
            return font
    return NoFont("no Japanese font was found; install fonts-noto-cjk or set watermark_font")


def inspect_font(path: Path) -> Font | NoFont:
    """Whether a file is a font that can write the names of Japanese people."""
    try:
        face = load_face(Font(path), 16)
        missing = [probe for probe in _PROBES if _draw(face, probe) == _draw(face, _NEVER_ASSIGNED)]
    except OSError as error:
        return NoFont(f"{path}: can't be used as a font: {error}")
    if missing:
        return NoFont(f"{path}: has no glyph for {'、'.join(missing)}")
    return Font(path)


def choose_font(wanted: Path | None) -> Font | NoFont:
    """The font of the settings, or one of the known ones.

    Raises :class:`ConfigurationError` when the settings name one that can't be used.
    """
    if wanted is None:
        return find_font()
    match inspect_font(wanted):
        case NoFont(why=why):
            raise ConfigurationError(f"watermark_font: {why}")
        case Font() as font:
            return font


def load_face(font: Font, size_px: int) -> ImageFont.FreeTypeFont:
    """Raises :class:`OSError` when the file is no font any more."""
    return ImageFont.truetype(str(font.path), size_px, layout_engine=ImageFont.Layout.BASIC)


def _draw(face: ImageFont.FreeTypeFont, text: str) -> bytes:
    image = Image.new("L", (24, 24))
    ImageDraw.Draw(image).text((2, 2), text, fill=255, font=face)
    return image.tobytes()
