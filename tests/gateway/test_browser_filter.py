"""Browser → guacd: input and acknowledgements cross, streams by grant, all else ends the session."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.grants import Grants
from gateway.errors import ProtocolViolation
from gateway.filters.browser import BrowserFilter
from gateway.filters.clipboard import Outcome, Passage, Way
from gateway.filters.opcodes import FROM_BROWSER_OPENERS
from gateway.filters.picture import PictureFilter
from gateway.filters.syncs import SyncLedger
from gateway.protocol import InstructionReader, encode_instruction
from tests.fakes.grants import grant_only
from tests.fakes.guacd import FIRST_FRAME, FRAME_TIMESTAMP

CANARY = "CANARY-機密-𠮷"
EVERYTHING = Grants(
    clipboard_in=True, clipboard_out=True, file_in=True, file_out=True, print_out=True, audio_out=True, microphone=True
)


class Side:
    """A filter behind which guacd has shown one frame."""

    def __init__(self, grants: Grants | None = None, *, has_touch: bool = False) -> None:
        self.replies: list[bytes] = []
        self.texts: list[Passage] = []
        self.may_pass = True
        ledger = SyncLedger()
        picture = PictureFilter(grants or Grants(), ledger, lambda _data: None)
        picture.feed(FIRST_FRAME)
        self.filter = BrowserFilter(
            grants or Grants(),
            ledger,
            picture.streams,
            self.replies.append,
            note_text=self._note_text,
            has_touch=has_touch,
        )

    def _note_text(self, passage: Passage) -> bool:
        self.texts.append(passage)
        return self.may_pass

    def give(self, *instructions: bytes) -> bytes:
        return self.filter.feed(b"".join(instructions))


TIMESTAMP = str(FRAME_TIMESTAMP)
CROSSES = [
    ("key", "65", "1"),
    ("key", "16789570", "0"),
    ("mouse", "10", "20", "0"),
    ("mouse", "-1", "-20", "7"),
    ("sync", TIMESTAMP),
    ("sync", TIMESTAMP, "1"),
    ("nop",),
    ("size", "1280", "720"),
    ("ack", "1", "OK", "0"),
]


@pytest.mark.parametrize("elements", CROSSES, ids="-".join)
def test_what_may_cross_crosses_as_it_is(elements: tuple[str, ...]) -> None:
    assert Side().give(encode_instruction(*elements)) == encode_instruction(*elements)


@pytest.mark.parametrize("elements", [e for e in CROSSES if e[0] != "sync"], ids="-".join)
def test_another_arity_ends_the_session(elements: tuple[str, ...]) -> None:
    for wrong in ((*elements, "0"), elements[:-1] if len(elements) > 1 else (*elements, "x")):
        with pytest.raises(ProtocolViolation):
            Side().give(encode_instruction(*wrong))


@pytest.mark.parametrize(
    "message",
    [
        encode_instruction("key", CANARY, "1"),
        encode_instruction("key", "65", "1e9"),
        encode_instruction("mouse", "1", "2", "three"),
        encode_instruction("sync", str(FRAME_TIMESTAMP + 1)),
        encode_instruction("sync", "-1"),
        encode_instruction("sync", "99999999999999999999"),
        encode_instruction("ack", "2", "OK", "0"),
        encode_instruction("ack", "1", "OK", CANARY),
        encode_instruction("blob", "0", "QQ=="),
        encode_instruction("end", "0"),
        encode_instruction("get", "0", "/"),
        encode_instruction("select", "rdp"),
        encode_instruction("connect", "x"),
        encode_instruction("args", "x"),
        encode_instruction("canary", CANARY),
        encode_instruction("", "ticket", "again-0123456789abcdef"),
        encode_instruction("", "ping", "one"),
        encode_instruction("", "ping", "1" * 30),
        encode_instruction("", "ping"),
        encode_instruction("", CANARY),
        encode_instruction("clipboard", "x", "text/plain"),
        encode_instruction("clipboard", "0"),
        encode_instruction("size", "wide", "1"),
        b"3.key,2.65,1.1",
        b"3.key,2.65,1.1;3.key",
        b"3.key,3.65,1.1;",
        b"3.key,1.65,1.1;",
        b"4.name,1.\xff;",
        b"3.nop\0;",
        b"hello",
    ],
)
def test_anything_else_ends_the_session(message: bytes) -> None:
    side = Side()
    with pytest.raises(ProtocolViolation):
        side.give(message)
    assert side.replies == []


def test_clipboard_text_that_looks_like_protocol_stays_text() -> None:
    side = Side(EVERYTHING)
    opening = encode_instruction("clipboard", "0", "text/plain")
    side.give(opening)
    with pytest.raises(ProtocolViolation):
        side.give(encode_instruction("blob", "0", "10.disconnect;"))
    assert not side.filter.is_leaving


@pytest.mark.parametrize("opcode", sorted(FROM_BROWSER_OPENERS))
def test_an_ungranted_stream_is_answered_and_swallowed(opcode: bytes) -> None:
    side = Side()
    opener = FROM_BROWSER_OPENERS[opcode]
    arguments = ["x"] * opener.arity
    arguments[opener.stream_at] = "0"
    arguments[opener.mimetype_at] = "text/plain"
    out = side.give(
        encode_instruction(opcode.decode(), *arguments),
        encode_instruction("blob", "0", "Q0FOQVJZ"),
        encode_instruction("end", "0"),
    )
    assert out == b""
    assert side.replies == [encode_instruction("ack", "0", "BLOCKED", "771")]


@pytest.mark.parametrize(
    "grant, opening",
    [
        ("clipboard_in", ("clipboard", "0", "text/plain")),
        ("file_in", ("file", "0", "text/csv", "名簿.csv")),
        ("microphone", ("audio", "0", "audio/L16;rate=44100,channels=1")),
    ],
)
def test_one_grant_opens_one_thing(grant: str, opening: tuple[str, ...]) -> None:
    stream = encode_instruction(*opening) + encode_instruction("blob", "0", "QQ==") + encode_instruction("end", "0")
    assert Side(grant_only(grant)).give(stream) == stream
    others = {name: True for name in ("clipboard_in", "file_in", "microphone", "clipboard_out") if name != grant}
    assert Side(grant_only(*others)).give(stream) == b""
    assert Side(grant_only(grant, "read_only")).give(stream) == b""


@pytest.mark.parametrize("opcode", ["pipe", "argv"])
def test_no_grant_opens_pipes_or_parameters(opcode: str) -> None:
    assert Side(EVERYTHING).give(encode_instruction(opcode, "0", "text/plain", "password")) == b""


def send_text(data: bytes, index: str = "1", *, blob_bytes: int = 6000) -> bytes:
    """A stream of text as a browser sends it."""
    pieces = [data[at : at + blob_bytes] for at in range(0, len(data), blob_bytes)]
    blobs = [encode_instruction("blob", index, base64.b64encode(piece).decode()) for piece in pieces]
    opening = encode_instruction("clipboard", index, "text/plain")
    return b"".join([opening, *blobs, encode_instruction("end", index)])


def read_text(crossed: bytes) -> bytes:
    reader = InstructionReader()
    reader.feed(crossed)
    found = list(iter(reader.next, None))
    assert [elements[0] for elements in (found[0], found[-1])] == [b"clipboard", b"end"]
    return b"".join(base64.b64decode(elements[2]) for elements in found[1:-1])


def test_a_text_crosses_whole_and_is_told_by_length_and_digest() -> None:
    side = Side(EVERYTHING)
    text = f"起案 {CANARY}\n".encode() * 300
    stream = send_text(text, blob_bytes=1000)
    opening, rest = stream[: stream.index(b"3.end")], stream[stream.index(b"3.end") :]
    assert side.give(opening) == b"", "before its end nothing of it crosses"
    assert read_text(side.give(rest)) == text
    assert side.texts == [
        Passage(
            way=Way.IN,
            outcome=Outcome.PASSED,
            size_bytes=len(text),
            characters=len(text.decode()),
            sha256=hashlib.sha256(text).hexdigest(),
        )
    ]
    assert set(side.replies) == {encode_instruction("ack", "1", "TAKEN", "0")}
    assert CANARY not in repr(side.texts)


@pytest.mark.parametrize(
    "data, status, outcome",
    [
        (b"x" * 65_537, "781", Outcome.TOO_LONG),
        (b"\xff\xfe" + "名簿".encode("utf-16-le"), "783", Outcome.NOT_TEXT),
        (b"PK\x03\x04", "783", Outcome.NOT_TEXT),
        (b"\x1b]52;c;?\x07", "783", Outcome.NOT_TEXT),
        ("ls\x9b201~\rid".encode(), "783", Outcome.NOT_TEXT),
    ],
    ids=["too long", "UTF-16", "an archive", "a terminal's order", "the same in eight bits"],
)
def test_what_is_no_text_or_too_much_of_it_does_not_cross_at_all(data: bytes, status: str, outcome: Outcome) -> None:
    side = Side(EVERYTHING)
    assert side.give(send_text(data)) == b""
    assert side.replies[-1] == encode_instruction("ack", "1", "BLOCKED", status)
    assert [passage.outcome for passage in side.texts] == [outcome]
    assert side.give(send_text(b"a next one")) != b""


def test_the_limit_is_the_pools() -> None:
    side = Side(Grants(clipboard_in=True, clipboard_max_bytes=10))
    assert read_text(side.give(send_text(b"0123456789"))) == b"0123456789"
    assert side.give(send_text(b"01234567890")) == b""


def test_a_text_that_may_not_be_noted_does_not_cross() -> None:
    side = Side(EVERYTHING)
    side.may_pass = False
    assert side.give(send_text(b"once too often")) == b""
    assert side.replies[-1] == encode_instruction("ack", "1", "BLOCKED", "797")


def test_a_clipboard_takes_one_text_at_a_time_and_no_other_type() -> None:
    side = Side(EVERYTHING)
    assert side.give(encode_instruction("clipboard", "0", "image/png")) == b""
    side.give(encode_instruction("clipboard", "1", "text/plain"), encode_instruction("blob", "1", "QQ=="))
    side.give(encode_instruction("clipboard", "2", "text/plain"), encode_instruction("blob", "2", "Qg=="))
    assert side.give(encode_instruction("blob", "1", "QQ=="), encode_instruction("end", "1")) == b""
    assert read_text(side.give(encode_instruction("end", "2"))) == b"B"
    side.give(encode_instruction("clipboard", "3", "text/plain"), encode_instruction("blob", "3", "QQ=="))
    assert side.give(encode_instruction("file", "3", "text/csv", "名簿.csv")) != b"", "its index carries a file now"
    assert side.give(encode_instruction("end", "3")) == encode_instruction("end", "3")


def test_read_only_swallows_input_and_still_checks_it() -> None:
    side = Side(Grants(read_only=True), has_touch=True)
    touch = encode_instruction("touch", "1", "2", "3", "4", "5", "0.5", "1")
    keys = encode_instruction("key", "65", "1") + encode_instruction("mouse", "1", "2", "3")
    assert side.give(keys, touch, encode_instruction("size", "800", "600")) == b""
    assert side.filter.inputs == 0
    with pytest.raises(ProtocolViolation):
        side.give(encode_instruction("key", CANARY, "1"))


def test_touch_crosses_where_guacd_announced_it() -> None:
    touch = encode_instruction("touch", "1", "2", "3", "4", "5", "0.123456789", "1.5e-7")
    assert Side(has_touch=True).give(touch) == touch
    assert Side(has_touch=False).give(touch) == b""
    with pytest.raises(ProtocolViolation):
        Side(has_touch=True).give(encode_instruction("touch", "1", "2", "3", "4", "5", "0.1"))


@pytest.mark.parametrize(
    "asked, given",
    [(("1", "1"), ("200", "200")), (("99999", "99999"), ("8192", "8192")), (("801", "601"), ("800", "601"))],
)
def test_sizes_are_brought_into_range(asked: tuple[str, str], given: tuple[str, str]) -> None:
    assert Side().give(encode_instruction("size", *asked)) == encode_instruction("size", *given)


def test_free_text_of_an_acknowledgement_stays_behind() -> None:
    assert CANARY.encode() not in Side().give(encode_instruction("ack", "1", CANARY, "0"))


def test_a_frame_that_was_never_sent_is_not_acknowledged() -> None:
    assert Side().give(encode_instruction("sync", str(FRAME_TIMESTAMP - 5))) == b""


def test_nothing_is_read_behind_a_goodbye() -> None:
    side = Side()
    key = encode_instruction("key", "65", "1")
    assert side.give(key, encode_instruction("disconnect"), key) == key
    assert side.filter.is_leaving


def test_only_real_input_counts_against_idleness() -> None:
    side = Side()
    side.give(encode_instruction("nop"), encode_instruction("sync", TIMESTAMP), encode_instruction("", "ping", "1"))
    assert side.filter.inputs == 0
    side.give(encode_instruction("mouse", "1", "2", "0"))
    assert side.filter.inputs == 1


VALUES = st.one_of(st.sampled_from(["0", "1", "text/plain", CANARY, TIMESTAMP, "ping"]), st.integers(-9, 99).map(str))
OPCODES = st.sampled_from(
    [
        "key",
        "mouse",
        "touch",
        "size",
        "sync",
        "nop",
        "ack",
        "clipboard",
        "file",
        "pipe",
        "audio",
        "argv",
        "put",
        "get",
        "blob",
        "end",
        "",
        "canary",
    ]
)
PLAUSIBLE = st.sampled_from(
    [
        ("clipboard", ["0", "text/plain"]),
        ("file", ["1", "text/csv", CANARY]),
        ("pipe", ["0", "text/plain", CANARY]),
        ("put", ["0", "1", "text/plain", CANARY]),
        ("blob", ["0", "Q0FOQVJZ"]),
        ("blob", ["1", "Q0FOQVJZ"]),
        ("end", ["0"]),
        ("end", ["1"]),
        ("key", ["65", "1"]),
        ("sync", [TIMESTAMP]),
        ("ack", ["1", CANARY, "0"]),
    ]
)
STREAMS = st.lists(st.one_of(PLAUSIBLE, st.tuples(OPCODES, st.lists(VALUES, max_size=7))), max_size=25)


@given(STREAMS, st.integers(1, 4))
def test_nothing_ungranted_crosses(stream: list[tuple[str, list[str]]], per_message: int) -> None:
    """Without grants, whatever is sent and however it is grouped: only input, sizes and acknowledgements cross."""
    side = Side()
    crossed = b""
    try:
        for first in range(0, len(stream), per_message):
            crossed += side.give(*(encode_instruction(o, *v) for o, v in stream[first : first + per_message]))
    except ProtocolViolation:
        pass
    reader = InstructionReader()
    reader.feed(crossed)
    while (elements := reader.next()) is not None:
        assert elements[0] in {b"key", b"mouse", b"size", b"sync", b"nop", b"ack"}
        assert CANARY.encode() not in b",".join(elements)
    assert reader.take_rest() == b""
