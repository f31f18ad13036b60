"""The filters skip whole stretches at once. What crosses, what is refused and what is remembered must not depend on
it: whatever comes and however it is cut, they do what the same filters do that judge one by one."""

import base64
import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.grants import Grants
from gateway.errors import ProtocolViolation
from gateway.filters import grammar, picture, skim
from gateway.filters.browser import BrowserFilter
from gateway.filters.clipboard import Passage
from gateway.filters.picture import PictureFilter
from gateway.filters.streams import MAX_STREAMS, StreamTable
from gateway.filters.syncs import SyncLedger
from gateway.protocol import MAX_ELEMENT_CODE_POINTS, encode_instruction
from gateway.watermark.overlay import Overlay
from tests.fakes.grants import grant_only
from tests.fakes.guacd import FIRST_FRAME
from tests.fakes.watermark import SMALL_TILE
from tests.gateway.chatter import NOW, Speaker
from tests.gateway.one_by_one import PlainInput, PlainPicture
from tests.separation.ledger import IS_FULL

CASES = 100_000 if IS_FULL else 2_000
GRANT_SETS = (Grants(), grant_only("clipboard_in", "clipboard_out", "audio_out", "file_in"), grant_only("read_only"))

SHOWN = FIRST_FRAME + encode_instruction("sync", str(NOW))


class Line:
    """Both filters of one attachment that has shown some frames, and all that they did."""

    def __init__(self, picture: type[PictureFilter], browser: type[BrowserFilter], grants: Grants, mark: bool) -> None:
        self.log: list[object] = []
        self.syncs = SyncLedger()
        self.overlay = Overlay(SMALL_TILE) if mark else None
        self.picture = picture(grants, self.syncs, self._note("to guacd"), self.overlay, note_text=self._note_text)
        self.browser = browser(
            grants,
            self.syncs,
            self.picture.streams,
            self._note("to browser"),
            note_text=self._note_text,
            overlay=self.overlay,
        )
        self.picture.peer_streams = self.browser.streams
        self.crossed = b""
        """Outward, in all."""
        self.is_over = False
        self.from_guacd(SHOWN)

    def _note(self, name: str) -> Callable[[bytes], None]:
        return lambda data: self.log.append((name, data))

    def _note_text(self, passage: Passage) -> bool:
        self.log.append(passage)
        return True

    def from_guacd(self, data: bytes) -> None:
        self.crossed += self._feed(self.picture.feed, data)

    def from_browser(self, message: bytes) -> None:
        before = self.browser.inputs
        self.log.append(self._feed(self.browser.feed, message))
        self.log.append(self.browser.inputs > before)

    def _feed(self, feed: Callable[[bytes], bytes], data: bytes) -> bytes:
        if self.is_over:
            return b""
        try:
            return feed(data)
        except ProtocolViolation as violation:
            self.log.append((violation.rule, violation.opcode))
            self.is_over = True
            return b""

    def remember(self) -> list[object]:
        """All that a later byte could be judged by."""
        picture, browser = self.picture, self.browser
        kept: list[object] = [picture.dropped, picture.unknown, picture.goodbye, picture.first_frame, picture._rest]
        kept += [browser.acknowledged, browser.is_leaving, self.syncs._newest, list(self.syncs._waiting)]
        for table in (picture.streams, browser.streams):
            kept += [table._open, table.crossed, table.texts._index, table.texts._data]
        if self.overlay is not None:
            kept += [self.overlay.is_missed, self.overlay._awaited, self.overlay._frame]
        return kept


def assert_same(chunks: Iterable[bytes], grants: Grants, *, is_inward: bool, mark: bool = False) -> Line:
    fast = Line(PictureFilter, BrowserFilter, grants, mark)
    plain = Line(PlainPicture, PlainInput, grants, mark)
    for chunk in chunks:
        for line in (fast, plain):
            (line.from_browser if is_inward else line.from_guacd)(chunk)
        assert fast.log == plain.log
        assert_both_are_as_far(fast, plain)
    return fast


def assert_both_are_as_far(fast: Line, plain: Line) -> None:
    """But for an image whose first blob is not whole: that one waits for it."""
    assert plain.crossed.startswith(fast.crossed)
    held = plain.crossed[len(fast.crossed) :]
    if fast.is_over:
        # behind a violation nothing is read any more
        return
    assert fast.picture._rest == held + plain.picture._rest
    if held:
        assert held.startswith(b"3.img,")
        assert held.count(b";") == 1
        assert plain.picture._rest.startswith(b"4.blob,")
    else:
        assert fast.remember() == plain.remember()


def compare(count: int, *, is_inward: bool) -> int:
    """Play so many generated conversations; how many of them went on to their end."""
    went_on = 0
    for number in range(count):
        speaker = Speaker(f"{number} {is_inward}", is_inward=is_inward)
        source, speech = speaker.source, speaker.speak()
        if source.random() < 0.2:
            speech = [speaker.spoil(b"".join(speech))]
        # a browser's messages are whole; guacd's bytes come as they come
        chunks = speaker.cut(b"".join(speech))
        if is_inward:
            chunks = [b"".join(speech)] if source.random() < 0.5 else speech
        line = assert_same(chunks, source.choice(GRANT_SETS), is_inward=is_inward, mark=source.random() < 0.5)
        went_on += not line.is_over
    return went_on


@pytest.mark.parametrize("is_inward", [False, True], ids=["outward", "inward"])
@pytest.mark.timeout(900)
def test_shortcuts_change_nothing(is_inward: bool) -> None:
    went_on = compare(CASES, is_inward=is_inward)
    assert went_on > CASES // 10, "hardly anything was relayed: nothing is compared"


OFFICE_FRAME = b"".join(
    [
        encode_instruction("copy", "-2", "0", "0", "64", "16", "14", "0", "1216", "704"),
        encode_instruction("rect", "0", "0", "0", "64", "16"),
        encode_instruction("img", "1", "14", "0", "image/png", "64", "0"),
        encode_instruction("blob", "1", base64.b64encode(bytes(range(256))).decode()),
        encode_instruction("blob", "1", "QQ=="),
        encode_instruction("end", "1"),
        encode_instruction("img", "2", "14", "0", "image/jpeg", "64", "0"),
        encode_instruction("blob", "2", "名簿"),
        encode_instruction("end", "2"),
        encode_instruction("cfill", "14", "0", "16", "32", "48", "255"),
        encode_instruction("sync", str(NOW + 33)),
        encode_instruction("sync", str(NOW + 66), "1"),
    ]
)


def test_every_split_of_a_frame_is_the_same() -> None:
    for place in range(len(OFFICE_FRAME) + 1):
        line = assert_same([OFFICE_FRAME[:place], OFFICE_FRAME[place:]], Grants(), is_inward=False)
        assert line.crossed == SHOWN + OFFICE_FRAME


def test_every_byte_of_a_frame_that_is_changed_is_judged_the_same() -> None:
    for place in range(len(OFFICE_FRAME)):
        for value in b"09.,;-\x80":
            spoilt = OFFICE_FRAME[:place] + bytes([value]) + OFFICE_FRAME[place + 1 :]
            assert_same([spoilt, OFFICE_FRAME], Grants(), is_inward=False)


def test_every_byte_of_an_acknowledgement_that_is_changed_is_judged_the_same() -> None:
    acknowledgement = encode_instruction("sync", str(NOW))
    for place in range(len(acknowledgement)):
        for value in b"09.,;-+ \x00\x80":
            spoilt = acknowledgement[:place] + bytes([value]) + acknowledgement[place + 1 :]
            assert_same([spoilt, acknowledgement], Grants(), is_inward=True)


@given(st.lists(st.tuples(st.integers(0, 99_999), st.integers(-9, 99_999), st.integers(0, 127)), max_size=30))
def test_a_message_of_pointers_crosses_as_it_is(moves: list[tuple[int, int, int]]) -> None:
    message = b"".join(encode_instruction("mouse", *map(str, move)) for move in moves)
    message += encode_instruction("sync", str(NOW))
    line = assert_same([message], Grants(), is_inward=True)
    assert message in line.log


def test_a_length_in_bytes_hides_nothing_behind_a_picture() -> None:
    """Counted in bytes this blob would end early, and what it carries would be read as instructions."""
    hidden = "é" * 20 + ";" + "4.name,6.CANARY;"
    blob = f"4.blob,1.1,{len(hidden)}.{hidden};".encode()
    frame = encode_instruction("img", "1", "14", "0", "image/png", "0", "0") + blob + encode_instruction("end", "1")
    line = assert_same([frame], Grants(), is_inward=False)
    assert line.crossed == SHOWN + frame
    spoilt = frame.replace(f"{len(hidden)}.é".encode(), b"40.\xc3\xa9", 1)
    assert_same([spoilt], Grants(), is_inward=False)


@pytest.mark.parametrize("last_bytes", [0, len("QQ==;3.end,4.1024;")], ids=["whole", "cut"])
def test_more_images_than_there_may_be_end_the_session_all_the_same(last_bytes: int) -> None:
    images = [
        encode_instruction("img", str(index), "14", "0", "image/png", "0", "0")
        + encode_instruction("blob", str(index), "QQ==")
        + encode_instruction("end", str(index))
        for index in range(MAX_STREAMS + 2)
    ]
    parts = [part for image in images for part in (image[: len(image) - last_bytes], image[len(image) - last_bytes :])]
    line = assert_same(parts, Grants(), is_inward=False)
    assert line.log[-1] == ("too many streams", "img")


def test_the_longest_blob_and_the_first_that_is_too_long() -> None:
    longest, too_long = MAX_ELEMENT_CODE_POINTS, MAX_ELEMENT_CODE_POINTS + 1
    image = encode_instruction("img", "1", "14", "0", "image/png", "0", "0")
    line = assert_same([image + encode_instruction("blob", "1", "A" * longest)], Grants(), is_inward=False)
    assert not line.is_over
    line = assert_same([image + f"4.blob,1.1,{too_long}.{'A' * too_long};".encode()], Grants(), is_inward=False)
    assert line.log[-1] == ("element too long", "")


def skim_as_if_ascii(
    data: bytes, stretch: re.Match[bytes], streams: StreamTable, syncs: SyncLedger, is_ascii: bool
) -> tuple[int, bool]:
    return skim.skim(data, stretch, streams, syncs, is_ascii=True)


def loosen(form: bytes, looser: bytes) -> object:
    assert form in grammar.picture_stretch.pattern
    return re.compile(grammar.picture_stretch.pattern.replace(form, looser)).match


@pytest.mark.parametrize(
    "place, name, broken",
    [
        (StreamTable, "is_unlimited", lambda _self, _index: True),
        (StreamTable, "open_picture", lambda _self, _index: None),
        (StreamTable, "pass_picture", lambda _self, _index: None),
        (skim, "_has_closed", lambda _streams, _index: True),
        (picture, "skim", skim_as_if_ascii),
        (skim, "_find_head", lambda stretch, _last: stretch.end()),
        (skim, "_SEMICOLON", ord(",")),
        (picture, "match_stretch", loosen(rb"1\.[0-9]|", rb"1\.[0-9-]|")),
        (picture, "match_stretch", loosen(rb"6\.[0-9-]", rb"7\.[0-9-][0-9]")),
        (picture, "match_stretch", loosen(rb"9\.image/png", rb"13\.image/svg\+xml")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_shortcut_that_lets_too_much_through_is_found(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, broken: object
) -> None:
    monkeypatch.setattr(place, name, broken)
    with pytest.raises(AssertionError):
        compare(2_000, is_inward=False)
