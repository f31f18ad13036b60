"""The tile: readable on any ground, small, the same for the same text, and refused when it can't be drawn."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from broker.errors import ConfigurationError
from broker.model.watermark import MAX_TEXT_CHARS, Density, WatermarkStyle
from gateway.watermark.fonts import Font, NoFont, choose_font, find_font, inspect_font
from gateway.watermark.layout import COLUMNS, break_lines, count_columns
from gateway.watermark.press import TilePress
from gateway.watermark.tile import NotDrawn, Tile, render_tile

TEXT = "𠮷田\xa0髙志 t-yoshida 端末未登録 203.0.113.25 2026-04-01\xa008:30"
STYLE = WatermarkStyle()


@pytest.fixture(scope="module")
def font() -> Font:
    found = find_font()
    assert isinstance(found, Font)
    return found


def drawn(text: str, font: Font, style: WatermarkStyle = STYLE) -> Tile:
    tile = render_tile(text, style, font)
    assert isinstance(tile, Tile), tile
    return tile


def over(tile: Tile, grey: int) -> NDArray[np.int16]:
    """The tile on a plain ground, as levels of grey."""
    ground = Image.new("RGBA", (tile.width_px, tile.height_px), (grey, grey, grey, 255))
    ground.alpha_composite(Image.open(io.BytesIO(tile.png)).convert("RGBA"))
    return np.asarray(ground.convert("L"), dtype=np.int16)


@pytest.mark.parametrize("grey", [0, 64, 128, 192, 255])
def test_it_reads_on_any_ground_and_hides_little_of_it(font: Font, grey: int) -> None:
    difference = np.abs(over(drawn(TEXT, font), grey) - grey)
    assert (difference > 16).mean() > 0.015, "the text is not to be seen"
    assert (difference > 16).mean() < 0.2, "too much of the picture is covered"
    assert difference.max() < 110, "it is no longer see-through"


def test_sixteen_colours_with_alpha_and_a_few_kilobytes(font: Font) -> None:
    tile = drawn(TEXT, font)
    image = Image.open(io.BytesIO(tile.png))
    assert (image.mode, image.size, tile.png[24]) == ("P", (tile.width_px, tile.height_px), 4)
    assert len(tile.png) < 9000


@pytest.mark.parametrize("angle_degrees", [-90, -33, 0, 20, 45])
@pytest.mark.parametrize("density", Density)
def test_it_repeats_without_a_seam(font: Font, density: Density, angle_degrees: int) -> None:
    """The text of the second row leaves at one edge what it enters with at the other: nothing is cut off.

    Browsers fill with a canvas whose sides are multiples of 64.
    """
    tile = drawn(TEXT, font, WatermarkStyle(density=density, angle_degrees=angle_degrees))
    assert (tile.width_px % 64, tile.height_px % 64) == (0, 0)
    covered = over(tile, 255) < 250
    rows = covered.shape[0] // 2
    assert covered[:rows].sum() == pytest.approx(covered[rows:].sum(), rel=0.001)


@pytest.mark.parametrize("pair", ["𠮷吉", "髙高", "関閑", "0O"])
def test_letters_that_look_alike_are_told_apart(font: Font, pair: str) -> None:
    assert drawn(pair[0], font).png != drawn(pair[1], font).png


def test_style_shows(font: Font) -> None:
    strong = over(drawn(TEXT, font, WatermarkStyle(opacity_percent=60)), 255)
    assert strong.min() < over(drawn(TEXT, font), 255).min()
    level = drawn(TEXT, font, WatermarkStyle(angle_degrees=0))
    steep = drawn(TEXT, font, WatermarkStyle(angle_degrees=90))
    assert (level.width_px > level.height_px, steep.width_px > steep.height_px) == (True, False)
    areas = [drawn(TEXT, font, WatermarkStyle(density=density)) for density in Density]
    assert [tile.width_px * tile.height_px for tile in areas] == sorted(
        (tile.width_px * tile.height_px for tile in areas), reverse=True
    )


@pytest.mark.parametrize(
    "text", ["", " ", "\xa0", "太郎\n", "太郎\N{RIGHT-TO-LEFT OVERRIDE}", "あ" * (MAX_TEXT_CHARS + 1)]
)
def test_what_is_no_text_is_not_drawn(font: Font, text: str) -> None:
    assert isinstance(render_tile(text, STYLE, font), NotDrawn)


def test_the_longest_text_is_drawn(font: Font) -> None:
    assert drawn("鬱" * MAX_TEXT_CHARS, font).width_px < 1000


def test_a_font_that_is_gone_draws_nothing(tmp_path: Path) -> None:
    tile = render_tile(TEXT, STYLE, Font(tmp_path / "gone.ttc"))
    assert isinstance(tile, NotDrawn)
    assert "gone.ttc" in tile.why


# --- fonts


def test_a_font_without_the_glyphs_is_named_with_what_it_lacks() -> None:
    lacking = inspect_font(Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf"))
    assert isinstance(lacking, NoFont)
    assert "𠮷" in lacking.why


def test_what_is_no_font_is_refused_at_the_start(tmp_path: Path) -> None:
    fake = tmp_path / "font.ttf"
    fake.write_bytes(b"no font")
    for path in (fake, tmp_path / "gone.ttf"):
        with pytest.raises(ConfigurationError, match=r"watermark_font: .*font"):
            choose_font(path)


def test_without_any_known_font_the_reason_says_what_to_do(tmp_path: Path) -> None:
    missing = find_font([tmp_path / "gone.ttc"])
    assert isinstance(missing, NoFont)
    assert "fonts-noto-cjk" in missing.why


# --- lines


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200), st.integers(2, COLUMNS))
def test_lines_are_never_too_long_and_lose_nothing(text: str, columns: int) -> None:
    lines = break_lines(text, columns)
    assert all(0 < count_columns(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_lines_break_between_values() -> None:
    assert break_lines(TEXT) == ["𠮷田\xa0髙志 t-yoshida 端末未登録", "203.0.113.25 2026-04-01\xa008:30"]


# --- the press


async def test_a_text_is_drawn_once(font: Font) -> None:
    press = TilePress(font)
    first = await press.make(TEXT, STYLE)
    assert await press.make(TEXT, STYLE) is first
    assert await press.make(TEXT, WatermarkStyle(opacity_percent=30)) != first
    press.close()


async def test_a_press_without_a_font_refuses_every_text() -> None:
    press = TilePress(NoFont("no font here"))
    assert await press.make(TEXT, STYLE) == NotDrawn("no font here")
    press.close()
