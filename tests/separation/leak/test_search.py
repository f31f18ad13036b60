"""The search bites: whatever is planted is found, and what is not there is not."""

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.separation.leak.desktop import new_canaries
from tests.separation.leak.needles import encode_all
from tests.separation.leak.pictures import Original, Picture
from tests.separation.leak.planting import HIDING_PLACES
from tests.separation.leak.traces import PICTURE, Search

CANARIES = new_canaries()
NEEDLES = {place: encode_all(canary) for place, canary in CANARIES.items()}
ENCODINGS = tuple(encode_all("x" * 12))


def draw_desktop(seed: int) -> Picture:
    """A picture as a desktop shows it: a plain ground, a window with lines of text."""
    image = Image.new("RGB", (1280, 720), "#2f5d7c")
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(seed)
    for _ in range(6):
        left, top = (int(value) for value in random.integers(0, 700, 2))
        draw.rectangle((left, top, left + 400, top + 220), fill="#fdfdfb", outline="#202428")
        for line in range(12):
            text = "".join(chr(33 + int(code)) for code in random.integers(0, 90, 50))
            draw.text((left + 8, top + 6 + 17 * line), text, fill="#202428")
    return np.asarray(image, dtype=np.uint8)


DESKTOP = draw_desktop(1)


def written(image: Image.Image, form: str) -> bytes:
    sink = io.BytesIO()
    image.save(sink, form)
    return sink.getvalue()


def search() -> Search:
    return Search(needles=NEEDLES, original=Original(DESKTOP))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("hiding_place", HIDING_PLACES)
def test_a_planted_canary_is_found(tmp_path: Path, hiding_place: str, encoding: str) -> None:
    for place in CANARIES:
        folder = tmp_path / place
        folder.mkdir()
        HIDING_PLACES[hiding_place](folder / "file", NEEDLES[place][encoding])
    found = {(find.place, find.encoding) for find in Search(needles=NEEDLES).look_in_folders([tmp_path])}
    assert {(place, encoding) for place in CANARIES} <= found


@pytest.mark.parametrize("shift", range(3))
def test_base64_of_a_longer_text_is_found_wherever_the_canary_stands_in_it(shift: int) -> None:
    text = base64.b64encode(b"x" * shift + CANARIES["file"].encode() + b"more")
    assert {find.place for find in search().look_in(text, "")} == {"file"}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("box", [None, (200, 100, 900, 500), (0, 0, 1280, 300), (300, 200, 400, 280)])
def test_the_desktop_as_an_image_is_found(form: str, box: tuple[int, int, int, int] | None) -> None:
    image = Image.fromarray(DESKTOP)
    image = image if box is None else image.crop(box)
    kept = b"key of the cache" + written(image, form) + b"headers"
    assert PICTURE in {find.place for find in search().look_in(kept, "")}


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (212, 132), (1920, 1080)])
def test_the_desktop_as_a_thumbnail_is_found(size: tuple[int, int]) -> None:
    thumbnail = Image.fromarray(DESKTOP).resize(size, Image.Resampling.LANCZOS)
    assert PICTURE in {find.place for find in search().look_in(written(thumbnail, "JPEG"), "")}


@pytest.mark.parametrize("size", [(1280, 800), (640, 400), (256, 160), (1600, 1000)])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_the_page_around_the_desktop_is_found(size: tuple[int, int], form: str) -> None:
    page = Image.new("RGB", (1280, 800), "#1a1a1a")
    page.paste(Image.fromarray(DESKTOP), (0, 62))
    assert PICTURE in {find.place for find in search().look_in(written(page.resize(size), form), "")}


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_bare_pixels_are_found(mode: str, is_reversed: bool) -> None:
    pixels = np.asarray(Image.fromarray(DESKTOP).convert(mode))
    if is_reversed:
        pixels = np.concatenate([pixels[..., 2::-1], pixels[..., 3:]], axis=2)
    assert PICTURE in {find.place for find in search().look_in(pixels.tobytes(), "")}


def test_other_images_are_no_find() -> None:
    looked = search()
    blank, other = Image.new("RGB", (1280, 720), "#ffffff"), Image.fromarray(draw_desktop(2))
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 255, (300, 500, 3), dtype=np.uint8))
    icon = Image.fromarray(DESKTOP).resize((32, 32))
    for image in (blank, other, noise, icon):
        assert looked.look_in(written(image, "PNG"), "") == []
    assert looked.images == 3, "an icon tells nothing"


def test_memory_that_a_process_holds_is_searched() -> None:
    program = """if True:
        import os, sys
        number = os.memfd_create("discardable")
        os.write(number, b"before " + bytes.fromhex(sys.argv[1]))
        print("ready", flush=True)
        sys.stdin.read()
    """
    needle = NEEDLES["clipboard"]["utf-16-le"].hex()
    with subprocess.Popen(
        [sys.executable, "-c", program, needle], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        finds = search().look_in_memory([process.pid])
    assert [(find.place, find.encoding) for find in finds] == [("clipboard", "utf-16-le")]


def test_an_empty_profile_has_no_finds(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).write_bytes(os.urandom(20_000))
    looked = search()
    assert looked.look_in_folders([tmp_path]) == []
    assert looked.files == 20
