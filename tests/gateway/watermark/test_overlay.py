"""The watermark in the stream: behind every size, before the next frame, and nothing else is changed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.grants import Grants
from gateway.errors import ProtocolViolation
from gateway.filters.browser import BrowserFilter
from gateway.filters.picture import PictureFilter
from gateway.filters.syncs import SyncLedger
from gateway.protocol import Elements, encode_instruction
from gateway.watermark.instructions import BUFFER, LAYER, STREAM
from gateway.watermark.overlay import Overlay
from gateway.watermark.tile import Tile
from tests.fakes.guacd import FRAME_TIMESTAMP, PICTURE
from tests.fakes.watermark import LARGE_TILE, SMALL_TILE, is_watermark, read_all

OK = encode_instruction("ack", STREAM, "OK", "0")


class Crossing:
    """Both filters of one attachment with a watermark."""

    def __init__(self, tile: Tile = SMALL_TILE) -> None:
        self.overlay = Overlay(tile)
        syncs = SyncLedger()
        grants = Grants(watermark_text="関所 太郎")
        self.picture = PictureFilter(grants, syncs, lambda _data: None, self.overlay)
        self.browser = BrowserFilter(grants, syncs, self.picture.streams, lambda _data: None, overlay=self.overlay)


def size(width: int, height: int, layer: str = "0") -> bytes:
    return encode_instruction("size", layer, str(width), str(height))


def sync(timestamp: int) -> bytes:
    return encode_instruction("sync", str(timestamp))


def covers(elements: list[Elements], width: int, height: int) -> bool:
    """Whether these instructions begin with a whole watermark of this size."""
    own = elements[: next((at for at, each in enumerate(elements) if not is_watermark(each)), len(elements))]
    w, h = str(max(width, 0)).encode(), str(max(height, 0)).encode()
    layer = LAYER.encode()
    return own[-4:] == [
        [b"size", layer, w, h],
        [b"move", layer, b"0", b"0", b"0", b"2147483647"],
        [b"rect", layer, b"0", b"0", w, h],
        [b"lfill", b"12", layer, BUFFER.encode()],
    ]


def test_the_first_size_brings_the_tile_whole() -> None:
    crossed = read_all(Crossing(LARGE_TILE).picture.feed(size(1280, 720)))
    assert crossed[0] == [b"size", b"0", b"1280", b"720"]
    assert crossed[1] == [b"size", BUFFER.encode(), b"320", b"160"]
    assert crossed[2] == [b"img", STREAM.encode(), b"12", BUFFER.encode(), b"image/png", b"0", b"0"]
    blobs = [each[2] for each in crossed if each[0] == b"blob"]
    assert len(blobs) == 3
    assert all(len(blob) <= 8192 for blob in blobs)
    assert b"".join(map(base64.b64decode, blobs)) == LARGE_TILE.png
    assert [each[0] for each in crossed].index(b"end") < [each[0] for each in crossed].index(b"lfill")
    assert covers(crossed[1:], 1280, 720)


DRAWING = st.sampled_from(
    [
        encode_instruction("cfill", "14", "0", "1", "2", "3", "255"),
        encode_instruction("rect", "0", "0", "0", "64", "64"),
        PICTURE.partition(b";")[2],
        encode_instruction("nop"),
        encode_instruction("file", "3", "text/csv", "名簿.csv"),
        size(64, 64, "3"),
        size(64, 64, "-7"),
        encode_instruction("dispose", LAYER),
        encode_instruction("move", LAYER, "0", "5000", "5000", "-1"),
        size(0, 0, LAYER),
    ]
)
SIDE = st.integers(-10, 99_999)
RESIZE = st.builds(size, SIDE, SIDE, st.sampled_from(["0", "0", "0", "00", "-0"]))
PIECES = st.lists(st.one_of(DRAWING, RESIZE, st.just(b"sync")), max_size=30)


def write_stream(pieces: list[bytes]) -> bytes:
    """A size comes first, as from every guacd; frames get growing timestamps."""
    timed = (sync(FRAME_TIMESTAMP + number) if each == b"sync" else each for number, each in enumerate(pieces))
    return size(1280, 720) + b"".join(timed)


@given(PIECES, st.lists(st.integers(0, 3000), max_size=5), st.booleans())
def test_every_size_is_followed_by_the_watermark_and_nothing_else_changes(
    pieces: list[bytes], cuts: list[int], is_large: bool
) -> None:
    data = write_stream(pieces)
    picture = Crossing(LARGE_TILE if is_large else SMALL_TILE).picture
    parts: list[bytes] = []
    last = 0
    for cut in [*sorted(cuts), len(data)]:
        parts.append(picture.feed(data[last:cut]))
        last = max(last, cut)
    for part in parts:
        read_all(part)
    crossed = read_all(b"".join(parts))
    sizes = [at for at, each in enumerate(crossed) if each[0] == b"size" and int(each[1]) == 0]
    assert len(sizes) == sum(each[0] == b"size" and int(each[1]) == 0 for each in read_all(data))
    for at in sizes:
        assert covers(crossed[at + 1 :], int(crossed[at][2]), int(crossed[at][3]))
    assert sum(each[0] == b"lfill" and is_watermark(each) for each in crossed) == len(sizes)
    bare = PictureFilter(Grants(), SyncLedger(), lambda _data: None)
    assert [each for each in crossed if not is_watermark(each)] == read_all(bare.feed(data))


def test_a_picture_without_a_size_is_no_picture() -> None:
    """It has no area: there is nothing to be seen that would lack the watermark."""
    crossing = Crossing()
    crossing.picture.feed(encode_instruction("cfill", "14", "0", "0", "0", "0", "255") + sync(1))
    assert crossing.picture.first_frame is None


def test_a_guacd_that_sends_sizes_without_end_gets_little_for_each() -> None:
    crossing = Crossing(LARGE_TILE)
    crossing.picture.feed(size(1280, 720))
    flood = size(1280, 720) * 1000
    assert len(crossing.picture.feed(flood)) < 8 * len(flood)


def test_the_layer_is_made_anew_from_time_to_time() -> None:
    overlay = Overlay(SMALL_TILE)
    assert overlay.draw_again(0.0, 10.0) == b"", "there is no picture yet"
    overlay.draw(1280, 720)
    cover = overlay.draw(800, 600)
    assert [overlay.draw_again(at, 10.0) for at in (1.0, 10.9)] == [b"", b""]
    assert overlay.draw_again(11.0, 10.0) == encode_instruction("dispose", LAYER) + cover
    assert overlay.draw_again(20.9, 10.0) == b""


# --- acknowledgements


def shown(tile: Tile = SMALL_TILE) -> Crossing:
    crossing = Crossing(tile)
    crossing.picture.feed(PICTURE + sync(100))
    return crossing


def test_acknowledgements_of_the_tile_end_at_the_gateway() -> None:
    crossing = shown(LARGE_TILE)
    assert crossing.browser.feed(OK * 3) == b""
    assert crossing.browser.feed(sync(100)) == sync(100)
    assert not crossing.overlay.is_missed


def test_more_acknowledgements_than_blobs_are_refused() -> None:
    crossing = shown()
    crossing.browser.feed(OK)
    with pytest.raises(ProtocolViolation, match="unknown stream acknowledged"):
        crossing.browser.feed(OK)


def test_without_a_watermark_its_stream_is_unknown() -> None:
    with pytest.raises(ProtocolViolation, match="unknown stream acknowledged"):
        BrowserFilter(Grants(), SyncLedger(), PictureFilter(Grants(), SyncLedger(), print).streams, print).feed(OK)


def test_a_frame_acknowledged_without_the_tile_gives_the_browser_away() -> None:
    crossing = shown(LARGE_TILE)
    crossing.browser.feed(OK * 2 + sync(100))
    assert crossing.overlay.is_missed


def test_a_tile_acknowledged_with_a_fault_counts_as_missed() -> None:
    crossing = shown()
    crossing.browser.feed(encode_instruction("ack", STREAM, "No image", "768"))
    assert crossing.overlay.is_missed


def test_a_late_acknowledgement_of_a_missed_tile_ends_nothing() -> None:
    crossing = shown()
    crossing.browser.feed(sync(100))
    assert crossing.browser.feed(OK) == b""


def test_a_frame_that_repeats_a_timestamp_proves_nothing() -> None:
    overlay = Overlay(SMALL_TILE)
    overlay.note_frame(100)
    overlay.draw(1280, 720)
    overlay.note_frame(100)
    overlay.note_rendered(100)
    assert not overlay.is_missed
    overlay.note_frame(101)
    overlay.note_rendered(101)
    assert overlay.is_missed


def test_a_browser_that_says_nothing_at_all_is_noticed_in_time() -> None:
    overlay = Overlay(SMALL_TILE)
    overlay.note_time(5.0, 60.0)
    overlay.draw(1280, 720)
    overlay.note_time(10.0, 60.0)
    overlay.note_time(69.0, 60.0)
    assert not overlay.is_missed
    overlay.note_time(70.0, 60.0)
    assert overlay.is_missed


def test_a_tile_that_was_acknowledged_is_never_missed() -> None:
    crossing = shown()
    crossing.browser.feed(OK + sync(100))
    crossing.picture.feed(size(800, 600) + sync(101))
    crossing.browser.feed(sync(101))
    crossing.overlay.note_time(1000.0, 60.0)
    crossing.overlay.note_time(2000.0, 60.0)
    assert not crossing.overlay.is_missed
