"""The Guacamole instruction format, without any I/O: ``LEN.VALUE,LEN.VALUE,…;`` in UTF-8.

LEN counts Unicode code points. Values may hold ``;``, ``,`` and whole instructions, so nothing is ever searched
for: every element is skipped by its length. The limits are guacd's own (``guacamole/parser-constants.h``).
"""

import codecs
import re
from typing import Final

from gateway.errors import ProtocolViolation

MAX_ELEMENT_CODE_POINTS: Final = 8192
MAX_ELEMENTS: Final = 128
MAX_INSTRUCTION_BYTES: Final = 65536

_BYTES_PER_CODE_POINT: Final = 4
_COMMA: Final = 0x2C
_SEMICOLON: Final = 0x3B

_length: Final = re.compile(rb"(0|[1-9][0-9]{0,3})\.")
_length_cut_short: Final = re.compile(rb"(?:0|[1-9][0-9]{0,3})?\Z")

Elements = list[bytes]


def read_instruction(data: bytes, start: int) -> tuple[Elements, int] | None:
    """The elements of the instruction at ``start`` and the offset behind it; ``None`` while bytes are missing.

    Raises :class:`ProtocolViolation` as soon as no further byte could make it an instruction.
    """
    elements: Elements = []
    position = start
    available = len(data)
    while True:
        head = _length.match(data, position)
        if head is None:
            if _length_cut_short.match(data, position):
                break
            raise ProtocolViolation("length is not a number")
        begin = head.end()
        end = find_element_end(data, begin, int(head[1]))
        if end < 0 or end >= available:
            break
        elements.append(data[begin:end])
        terminator = data[end]
        if terminator == _SEMICOLON:
            return elements, end + 1
        if terminator != _COMMA:
            raise ProtocolViolation("length does not fit the value", elements[0])
        if len(elements) == MAX_ELEMENTS:
            raise ProtocolViolation("too many elements", elements[0])
        position = end + 1
    if available - start > MAX_INSTRUCTION_BYTES:
        raise ProtocolViolation("instruction too long")
    return None


def find_element_end(data: bytes, begin: int, code_points: int) -> int:
    """The offset behind a value of ``code_points`` code points, or -1 while its last bytes are missing.

    The offset may lie at or beyond the end of ``data``. Raises :class:`ProtocolViolation` for a value that is
    too long or not UTF-8 (RFC 3629: no surrogates, no overlong forms).
    """
    if code_points > MAX_ELEMENT_CODE_POINTS:
        raise ProtocolViolation("element too long")
    end = begin + code_points
    if data[begin:end].isascii():
        return end
    window = data[begin : begin + code_points * _BYTES_PER_CODE_POINT]
    try:
        text, _ = codecs.utf_8_decode(window, "strict", False)
    except UnicodeDecodeError:
        raise ProtocolViolation("not UTF-8") from None
    if len(text) < code_points:
        return -1
    return begin + len(text[:code_points].encode())


def encode_instruction(*elements: str) -> bytes:
    """One instruction. Raises :class:`ProtocolViolation` when guacd would not read it: it is never sent."""
    if len(elements) > MAX_ELEMENTS or any(len(element) > MAX_ELEMENT_CODE_POINTS for element in elements):
        raise ProtocolViolation("instruction over the limits of guacd")
    return (",".join(f"{len(element)}.{element}" for element in elements) + ";").encode()


class InstructionReader:
    """Takes bytes as they come, gives instructions one by one, keeps what is left over."""

    __slots__ = ("_data", "_position")

    def __init__(self) -> None:
        self._data = b""
        self._position = 0

    def feed(self, data: bytes) -> None:
        self._data = self._data[self._position :] + data
        self._position = 0

    def next(self) -> Elements | None:
        """The next whole instruction, or ``None``. Raises :class:`ProtocolViolation`."""
        scanned = read_instruction(self._data, self._position)
        if scanned is None:
            return None
        elements, self._position = scanned
        return elements

    def take_rest(self) -> bytes:
        """The bytes behind the last instruction given. The reader is empty afterwards."""
        rest = self._data[self._position :]
        self._data, self._position = b"", 0
        return rest
