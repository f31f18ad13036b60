"""The codec: every split, every script, every miscount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ProtocolViolation
from gateway.protocol import (
    MAX_ELEMENT_CODE_POINTS,
    MAX_INSTRUCTION_BYTES,
    Elements,
    InstructionReader,
    encode_instruction,
    read_instruction,
)

SCRIPTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("税務課𠮷𩸽😀é;,.0123456789"),
    ),
    max_size=40,
)
INSTRUCTIONS = st.lists(st.lists(SCRIPTS, min_size=1, max_size=6), min_size=1, max_size=5)


def read_all(*chunks: bytes) -> tuple[list[Elements], bytes]:
    reader = InstructionReader()
    found: list[Elements] = []
    for chunk in chunks:
        reader.feed(chunk)
        while (elements := reader.next()) is not None:
            found.append(elements)
    return found, reader.take_rest()


def as_bytes(instructions: list[list[str]]) -> list[Elements]:
    return [[element.encode() for element in elements] for elements in instructions]


@given(INSTRUCTIONS)
def test_what_is_encoded_reads_back(instructions: list[list[str]]) -> None:
    stream = b"".join(encode_instruction(*elements) for elements in instructions)
    assert read_all(stream) == (as_bytes(instructions), b"")


@given(INSTRUCTIONS)
def test_every_split_at_one_byte_reads_the_same(instructions: list[list[str]]) -> None:
    stream = b"".join(encode_instruction(*elements) for elements in instructions)
    for cut in range(len(stream) + 1):
        assert read_all(stream[:cut], stream[cut:])[0] == as_bytes(instructions)


@given(INSTRUCTIONS)
def test_byte_by_byte_reads_the_same(instructions: list[list[str]]) -> None:
    stream = b"".join(encode_instruction(*elements) for elements in instructions)
    single = [stream[place : place + 1] for place in range(len(stream))]
    assert read_all(*single) == (as_bytes(instructions), b"")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_noise_is_either_refused_or_read_the_same_in_two_parts(noise: bytes, cut: int) -> None:
    def attempt(*chunks: bytes) -> list[Elements] | None:
        try:
            return read_all(*chunks)[0]
        except ProtocolViolation:
            return None

    whole, halves = attempt(noise), attempt(noise[:cut], noise[cut:])
    assert whole == halves


def test_lengths_count_code_points() -> None:
    assert encode_instruction("name", "𠮷野家") == "4.name,3.𠮷野家;".encode()
    assert read_instruction("4.name,1.𠮷;".encode(), 0) == ([b"name", "𠮷".encode()], len("4.name,1.𠮷;".encode()))


@pytest.mark.parametrize(
    "value",
    ["10.disconnect;", "audio/L16;rate=44100,channels=2", "3.key,2.65,1.1;", ",", ";", "税;務,課"],
)
def test_values_that_look_like_protocol_are_values(value: str) -> None:
    stream = encode_instruction("clipboard", value) + encode_instruction("nop")
    assert read_all(stream) == ([[b"clipboard", value.encode()], [b"nop"]], b"")


@pytest.mark.parametrize(
    "stream, rule",
    [
        (b"4.name,2.abc;", "length does not fit the value"),
        (b"4.name,4.abc;3.nop;", "length does not fit the value"),
        (b"4.name,1.\xf0\xa0\xae;", "not UTF-8"),
        (b"4.name,1.\xed\xa0\x80;", "not UTF-8"),
        (b"4.name,1.\xc0\x80;", "not UTF-8"),
        (b"-1.a;", "length is not a number"),
        (b"04.name;", "length is not a number"),
        (b"+4.name;", "length is not a number"),
        (b" 4.name;", "length is not a number"),
        ("４.name;".encode(), "length is not a number"),
        (b"99999.", "length is not a number"),
        (b"8193.", "element too long"),
        (b"GET / HTTP/1.1", "length is not a number"),
        (b"1.a," * 200, "too many elements"),
    ],
)
def test_broken_framing_is_refused(stream: bytes, rule: str) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        read_all(stream)
    assert caught.value.rule == rule


def test_an_instruction_without_an_end_is_refused() -> None:
    endless = b"4.blob," + b",".join(b"8192." + b"A" * 8192 for _ in range(9))
    assert len(endless) > MAX_INSTRUCTION_BYTES
    with pytest.raises(ProtocolViolation, match="too long"):
        read_all(endless)


def test_the_longest_element_passes() -> None:
    stream = encode_instruction("blob", "𠮷" * MAX_ELEMENT_CODE_POINTS)
    assert read_all(stream)[1] == b""
    with pytest.raises(ProtocolViolation):
        encode_instruction("blob", "A" * (MAX_ELEMENT_CODE_POINTS + 1))


def test_a_violation_quotes_no_content() -> None:
    with pytest.raises(ProtocolViolation) as caught:
        read_all(b"9.clipboard,2.secret-text;")
    assert "secret" not in str(caught.value)
    assert ProtocolViolation("x", b"My Number 1234").opcode == "other"
    assert ProtocolViolation("x", b"clipboard").opcode == "clipboard"
