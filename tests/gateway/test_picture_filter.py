"""guacd → browser: nothing crosses that is not listed and granted."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.grants import Grants
from gateway.errors import ProtocolViolation
from gateway.filters.clipboard import Outcome, Passage, Way
from gateway.filters.opcodes import DRAWING_SHAPES, DROPPED_FROM_GUACD, FROM_GUACD_OPENERS
from gateway.filters.picture import PictureFilter
from gateway.filters.syncs import SyncLedger
from gateway.protocol import InstructionReader, encode_instruction
from tests.fakes.grants import grant_only
from tests.fakes.guacd import FIRST_FRAME

CANARY = "CANARY-機密-𠮷"


class Side:
    """A filter with what it gave to each side."""

    def __init__(self, grants: Grants | None = None, *, after_first_frame: bool = True) -> None:
        self.replies: list[bytes] = []
        self.texts: list[Passage] = []
        self.may_pass = True
        self.filter = PictureFilter(grants or Grants(), SyncLedger(), self.replies.append, note_text=self._note_text)
        if after_first_frame:
            assert self.filter.feed(FIRST_FRAME) == FIRST_FRAME
            assert self.filter.first_frame is not None

    def _note_text(self, passage: Passage) -> bool:
        self.texts.append(passage)
        return self.may_pass

    def give(self, *instructions: bytes) -> bytes:
        return self.filter.feed(b"".join(instructions))


def sample(kind: str) -> str:
    return {"i": "-12", "d": "0.70710678118654757", "z": "2147483647"}[kind]


@pytest.mark.parametrize("opcode", sorted(DRAWING_SHAPES))
@pytest.mark.parametrize("after_first_frame", [False, True])
def test_drawing_crosses_with_its_exact_arity_only(opcode: str, after_first_frame: bool) -> None:
    side = Side(after_first_frame=after_first_frame)
    values = [sample(kind) for kind in DRAWING_SHAPES[opcode]]
    good = encode_instruction(opcode, *values)
    assert side.give(good) == good
    assert side.give(encode_instruction(opcode, *values, "0")) == b""
    assert side.give(encode_instruction(opcode, *values[:-1])) == b""
    assert side.give(encode_instruction(opcode, *values[:-1], CANARY)) == b""
    assert side.give(good * 3) == good * 3


def test_layers_of_the_gateways_own_can_not_be_named() -> None:
    side = Side()
    for index in ("1000000", "-1000000"):
        assert side.give(encode_instruction("dispose", index)) == b""
        assert side.give(encode_instruction("rect", index, "0", "0", "1", "1")) == b""
        assert side.give(encode_instruction("size", index, "1", "1")) == b""
        assert side.give(encode_instruction("img", "9", "14", index, "image/png", "0", "0")) == b""
    assert side.give(encode_instruction("img", "9000001", "14", "0", "image/png", "0", "0")) == b""


@pytest.mark.parametrize("opcode", [*sorted(DROPPED_FROM_GUACD), b"canary", b"", "𠮷".encode()])
def test_everything_else_is_dropped_and_counted(opcode: bytes) -> None:
    side = Side()
    before = side.filter.dropped
    drawing = encode_instruction("cfill", "14", "0", "0", "0", "0", "255")
    assert side.give(drawing, encode_instruction(opcode.decode(), CANARY, "1"), drawing) == drawing * 2
    assert side.filter.dropped == before + 1


@pytest.mark.parametrize("opcode", [b"file", b"pipe", b"argv", b"video", b"body", b"clipboard", b"audio"])
def test_a_blocked_stream_is_answered_and_swallowed(opcode: bytes) -> None:
    side = Side()
    opener = FROM_GUACD_OPENERS[opcode]
    arguments = ["x"] * opener.arity
    arguments[opener.stream_at] = "5"
    arguments[opener.mimetype_at] = "text/plain"
    out = side.give(
        encode_instruction(opcode.decode(), *arguments),
        encode_instruction("blob", "5", "Q0FOQVJZ"),
        encode_instruction("end", "5"),
        encode_instruction("blob", "5", "Q0FOQVJZ"),
    )
    assert out == b""
    assert side.replies == [encode_instruction("ack", "5", "BLOCKED", "771")]
    assert b"5" not in side.filter.streams.crossed


def test_an_index_that_was_blocked_may_carry_a_picture_later() -> None:
    side = Side()
    side.give(encode_instruction("clipboard", "3", "text/plain"))
    image = encode_instruction("img", "3", "14", "0", "image/jpeg", "0", "0") + encode_instruction("blob", "3", "QQ==")
    assert side.give(image) == image


def test_a_picture_index_that_is_blocked_later_carries_nothing() -> None:
    side = Side()
    side.give(encode_instruction("img", "3", "14", "0", "image/jpeg", "0", "0"))
    assert side.give(encode_instruction("file", "3", "text/plain", "名簿.csv")) == b""
    assert side.give(encode_instruction("blob", "3", "QQ==")) == b""


@pytest.mark.parametrize("mimetype", ["text/html", "image/svg+xml", "application/pdf", "image/png;x=1", ""])
def test_a_picture_is_a_picture(mimetype: str) -> None:
    assert Side().give(encode_instruction("img", "3", "14", "0", mimetype, "0", "0")) == b""


@pytest.mark.parametrize(
    "grant, opening",
    [
        ("audio_out", ("audio", "2", "audio/L16;rate=44100,channels=2")),
        ("clipboard_out", ("clipboard", "2", "text/plain")),
        ("file_out", ("file", "2", "text/csv", "名簿.csv")),
        ("print_out", ("file", "2", "application/pdf", "print.pdf")),
    ],
)
def test_one_grant_opens_one_thing(grant: str, opening: tuple[str, ...]) -> None:
    stream = encode_instruction(*opening) + encode_instruction("blob", "2", "QQ==") + encode_instruction("end", "2")
    assert Side(grant_only(grant)).give(stream) == stream
    others = {"audio_out", "clipboard_out", "file_out", "print_out", "clipboard_in", "microphone"} - {grant}
    if grant != "print_out":
        assert Side(grant_only(*others)).give(stream) == b""
    assert Side().give(stream) == b""


def test_printing_alone_opens_no_other_file() -> None:
    assert Side(Grants(print_out=True)).give(encode_instruction("file", "2", "text/csv", "名簿.csv")) == b""


def test_a_text_leaves_whole_and_is_told_by_length_and_digest() -> None:
    side = Side(Grants(clipboard_out=True))
    start, blob = encode_instruction("clipboard", "2", "text/plain"), encode_instruction("blob", "2", "5rivQQ==")
    assert side.give(start + blob) == b""
    assert side.give(encode_instruction("end", "2")) == start + blob + encode_instruction("end", "2")
    told = side.texts[0]
    assert (told.way, told.outcome, told.size_bytes, told.characters) == (Way.OUT, Outcome.PASSED, 4, 2)
    assert told.sha256 == hashlib.sha256("港A".encode()).hexdigest()
    assert b"2" in side.filter.streams.crossed
    assert side.filter.dropped == 0


def test_a_clipboard_that_is_too_large_or_no_text_stays() -> None:
    side = Side(Grants(clipboard_out=True, clipboard_max_bytes=9000))
    side.give(encode_instruction("clipboard", "2", "text/plain"))
    assert [side.give(encode_instruction("blob", "2", "A" * 8000)) for _ in range(3)] == [b""] * 3
    assert side.give(encode_instruction("end", "2")) == b""
    assert encode_instruction("ack", "2", "BLOCKED", "781") in side.replies
    side.give(encode_instruction("clipboard", "2", "text/plain"), encode_instruction("blob", "2", "not base64!"))
    assert encode_instruction("ack", "2", "BLOCKED", "783") in side.replies
    side.may_pass = False
    side.give(encode_instruction("clipboard", "2", "text/plain"), encode_instruction("blob", "2", "QQ=="))
    assert side.give(encode_instruction("end", "2")) == b"", "what can't be told does not leave"
    assert [told.outcome for told in side.texts] == [Outcome.TOO_LONG, Outcome.NOT_TEXT, Outcome.PASSED]


def test_too_many_streams_end_the_session() -> None:
    side = Side()
    with pytest.raises(ProtocolViolation, match="too many streams"):
        for index in range(5000):
            side.give(encode_instruction("file", str(index), "text/csv", "x"))


@pytest.mark.parametrize(
    "instruction, status",
    [
        (encode_instruction("disconnect"), 0),
        (encode_instruction("error", CANARY, "519"), 519),
        (encode_instruction("error", CANARY), 0x0200),
        (encode_instruction("required", "password"), 0x0301),
    ],
)
def test_goodbyes_are_noticed_and_their_text_stays(instruction: bytes, status: int) -> None:
    side = Side()
    drawing = encode_instruction("dispose", "3")
    assert side.give(drawing, instruction, drawing) == drawing
    assert side.filter.goodbye is not None
    assert side.filter.goodbye.status == status


def test_the_first_frame_is_one_that_drew_on_a_screen_with_a_size() -> None:
    side = Side(after_first_frame=False)
    side.give(encode_instruction("cfill", "14", "0", "0", "0", "0", "255"), encode_instruction("sync", "1"))
    assert side.filter.first_frame is None, "a browser shows nothing of a layer without a size"
    side.give(encode_instruction("size", "0", "1280", "720"))
    assert side.filter.first_frame is None
    side.give(encode_instruction("sync", "2", "1"))
    assert side.filter.first_frame == 2


@pytest.mark.parametrize("layer", ["-1", "1"])
def test_a_cursor_is_no_first_frame(layer: str) -> None:
    side = Side(after_first_frame=False)
    side.give(encode_instruction("size", "0", "1280", "720"), encode_instruction("size", layer, "32", "32"))
    side.give(encode_instruction("cfill", "14", layer, "0", "0", "0", "255"), encode_instruction("sync", "1"))
    assert side.filter.first_frame is None


# --- generated streams

VALUES = st.one_of(
    st.sampled_from(["0", "1", "2", "-1", "image/png", "text/plain", "audio/L16;rate=44100,channels=2", CANARY, ""]),
    st.integers(-100, 100).map(str),
)
OPCODES = st.one_of(
    st.sampled_from(
        sorted(opcode.decode() for opcode in FROM_GUACD_OPENERS)
        + sorted(opcode.decode() for opcode in DROPPED_FROM_GUACD)
        + ["blob", "end", "ack", "sync", "nop", "size", "set", "mouse", "canary"]
        + sorted(DRAWING_SHAPES)
    ),
)
ANY_INSTRUCTION = st.tuples(OPCODES, st.lists(VALUES, max_size=8))
PLAUSIBLE = st.sampled_from(
    [
        ("img", ["1", "14", "0", "image/png", "0", "0"]),
        ("file", ["1", "text/csv", CANARY]),
        ("clipboard", ["1", "text/plain"]),
        ("clipboard", ["2", "text/plain"]),
        ("audio", ["2", "audio/L16;rate=44100,channels=2"]),
        ("pipe", ["2", "text/plain", CANARY]),
        ("body", ["0", "1", "text/plain", CANARY]),
        ("blob", ["1", CANARY]),
        ("blob", ["2", CANARY]),
        ("end", ["1"]),
        ("end", ["2"]),
        ("sync", ["1000001"]),
        ("rect", ["0", "0", "0", "1", "1"]),
        ("name", [CANARY]),
    ]
)
STREAMS = st.lists(st.one_of(PLAUSIBLE, ANY_INSTRUCTION), max_size=25)
SAFE = {opcode.encode() for opcode in DRAWING_SHAPES} | {b"sync", b"nop", b"size", b"set", b"mouse", b"img"}


@given(STREAMS, st.lists(st.integers(0, 2000), max_size=4), st.booleans())
def test_nothing_ungranted_crosses(
    stream: list[tuple[str, list[str]]], cuts: list[int], after_first_frame: bool
) -> None:
    """Without grants only pictures cross: a blob only for an image that is open, a text never."""
    data = b"".join(encode_instruction(opcode, *values) for opcode, values in stream)
    side = Side(after_first_frame=after_first_frame)
    crossed = b""
    last = 0
    for cut in [*sorted(cuts), len(data)]:
        crossed += side.give(data[last:cut])
        last = max(last, cut)
    reader = InstructionReader()
    reader.feed(crossed)
    open_images: set[bytes] = set()
    while (elements := reader.next()) is not None:
        if elements[0] == b"img":
            open_images.add(elements[1])
        elif elements[0] in (b"blob", b"end"):
            assert elements[1] in open_images
            if elements[0] == b"end":
                open_images.discard(elements[1])
        else:
            assert elements[0] in SAFE
            assert CANARY.encode() not in b",".join(elements)
    assert reader.take_rest() == b""


@given(STREAMS, st.integers(0, 3000))
def test_a_split_changes_nothing(stream: list[tuple[str, list[str]]], cut: int) -> None:
    data = b"".join(encode_instruction(opcode, *values) for opcode, values in stream)
    whole, parts = Side(), Side()
    assert whole.give(data) == parts.give(data[:cut]) + parts.give(data[cut:])
    assert whole.replies == parts.replies
