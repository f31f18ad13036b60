"""The tile: the text, turned, in black with a white rim, so that it reads on any ground.

16 colours (four strengths of the letters times four of the rim) make a PNG of a few kilobytes.
"""

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from PIL import Image, ImageChops, ImageDraw

from broker.model.watermark import MAX_TEXT_CHARS, Density, WatermarkStyle, is_unprintable
from gateway.watermark.fonts import Font, load_face
from gateway.watermark.layout import break_lines

_LETTER_PX: Final = 16
_LINE_PX: Final = 22
_RIM_PX: Final = 1
_GAPS_PX: Final[Mapping[Density, int]] = MappingProxyType({Density.SPARSE: 200, Density.NORMAL: 96, Density.DENSE: 32})
_STRENGTHS: Final = 4
_CANVAS_STEP_PX: Final = 64
"""Browsers' canvases grow in such steps (``Guacamole.Layer``), and a fill repeats the whole canvas: a tile of
another size would leave seams."""
_RIM_GAIN: Final = 1.6


class Tile(msgspec.Struct, frozen=True):
    """A PNG and its size."""

    width_px: int
    height_px: int
    png: bytes


class NotDrawn(msgspec.Struct, frozen=True):
    """Why there is no tile, in words for the operator."""

    why: str


def render_tile(text: str, style: WatermarkStyle, font: Font) -> Tile | NotDrawn:
    """Draw the text once. Takes some milliseconds of a processor: not for the event loop."""
    if not text.strip() or len(text) > MAX_TEXT_CHARS or any(map(is_unprintable, text)):
        return NotDrawn("the text is empty, too long, or has control characters")
    try:
        letters, body = _draw_text(break_lines(text), font)
        indices = _lay_out(letters, body, style)
        return Tile(indices.width, indices.height, _encode(indices, style.opacity_percent / 100))
    except (OSError, ValueError, MemoryError) as error:
        return NotDrawn(f"{font.path}: {error}")


def _draw_text(lines: list[str], font: Font) -> tuple[Image.Image, Image.Image]:
    """Coverage (0 to 255) of the letters, and of the body: the letters together with their rim."""
    face = load_face(font, _LETTER_PX)
    width_px = int(max(face.getlength(line) for line in lines)) + 4 * _RIM_PX
    size = (width_px, len(lines) * _LINE_PX + 4 * _RIM_PX)
    letters, body = Image.new("L", size), Image.new("L", size)
    for number, line in enumerate(lines):
        place = (2 * _RIM_PX, 2 * _RIM_PX + number * _LINE_PX)
        ImageDraw.Draw(letters).text(place, line, fill=255, font=face)
        ImageDraw.Draw(body).text(place, line, fill=255, font=face, stroke_width=_RIM_PX)
    return letters, body


def _lay_out(letters: Image.Image, body: Image.Image, style: WatermarkStyle) -> Image.Image:
    """Palette indices of a tile whose second row is shifted by half a width, as bricks are laid."""
    letters, body = (_turn(each, style.angle_degrees) for each in (letters, body))
    brick = ImageChops.add(letters.point(_to_strength(_STRENGTHS)), body.point(_to_strength(1)))
    gap_px = _GAPS_PX[style.density]
    width_px = _round_up(brick.width + gap_px, _CANVAS_STEP_PX)
    height_px = _round_up(brick.height + gap_px // 2, _CANVAS_STEP_PX // 2)
    tile = Image.new("L", (width_px, 2 * height_px))
    tile.paste(brick, (0, 0))
    for left_px in (width_px // 2, width_px // 2 - width_px):
        row = Image.new("L", tile.size)
        row.paste(brick, (left_px, height_px))
        tile = ImageChops.add(tile, row)
    return tile


def _round_up(length_px: int, step_px: int) -> int:
    return -(-length_px // step_px) * step_px


def _turn(image: Image.Image, angle_degrees: int) -> Image.Image:
    return image.rotate(angle_degrees, Image.Resampling.BICUBIC, expand=True)


def _to_strength(unit: int) -> list[int]:
    return [(value * (_STRENGTHS - 1) + 127) // 255 * unit for value in range(256)]


def _encode(indices: Image.Image, opacity: float) -> bytes:
    """A PNG with a palette of 16 colours and their alpha, four bits a pixel."""
    colours, alphas = bytearray(), bytearray()
    for letter in range(_STRENGTHS):
        for body in range(_STRENGTHS):
            grey, alpha = _blend(letter / (_STRENGTHS - 1), body / (_STRENGTHS - 1), opacity)
            colours += bytes([grey, grey, grey])
            alphas.append(alpha)
    image = Image.frombytes("P", indices.size, indices.tobytes())
    image.putpalette(bytes(colours))
    file = io.BytesIO()
    image.save(file, "PNG", bits=4, optimize=True, transparency=bytes(alphas))
    return file.getvalue()


def _blend(letter: float, body: float, opacity: float) -> tuple[int, int]:
    """Grey and alpha (0 to 255) of a black letter and, where it leaves the body uncovered, of the white rim.

    The rim is thin, so it is made stronger than the letters.
    """
    black, white = letter * opacity, max(body - letter, 0.0) * min(_RIM_GAIN * opacity, 1.0)
    alpha = black + white
    return round(255 * white / alpha) if alpha else 0, round(255 * min(alpha, 1.0))
