"""The filters without their shortcuts: every instruction is read by its lengths and judged by itself.

Slow, and the measure for the fast ones: whatever bytes come, both must let the same cross and refuse the same.
Drawing and input are looked up in the tables element by element, by no regular expression of the gateway's.
"""

from typing import Final

from gateway.errors import ProtocolViolation
from gateway.filters.browser import BrowserFilter
from gateway.filters.opcodes import DRAWING_SHAPES
from gateway.filters.picture import PictureFilter
from gateway.protocol import Elements, read_instruction

INPUT_SHAPES: Final = {"mouse": "iii", "key": "zi"}
_DIGITS: Final = frozenset(b"0123456789")
_LONGEST: Final = {"i": 6, "z": 10, "d": 24}
_FIRST: Final = {"i": _DIGITS | {*b"-"}, "z": _DIGITS | {*b"-"}, "d": _DIGITS | {*b".-"}}
_LATER: Final = {"i": _DIGITS, "z": _DIGITS, "d": _DIGITS | {*b".e+-"}}


def has_shape(elements: Elements, shape: str | None) -> bool:
    """Whether the arguments are as many as the table says, and each of its kind."""
    if shape is None or len(elements) != len(shape) + 1:
        return False
    return all(_is_of_kind(value, kind) for value, kind in zip(elements[1:], shape, strict=True))


def _is_of_kind(value: bytes, kind: str) -> bool:
    if not 1 <= len(value) <= _LONGEST[kind]:
        return False
    if len(value) == 1:
        return value[0] in _DIGITS
    return value[0] in _FIRST[kind] and all(character in _LATER[kind] for character in value[1:])


def name_of(elements: Elements) -> str:
    return elements[0].decode(errors="replace")


class PlainPicture(PictureFilter):
    """guacd → browser, one by one."""

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data
        crossed = b""
        position = 0
        while position < len(data) and self.goodbye is None:
            scanned = read_instruction(data, position)
            if scanned is None:
                break
            elements, end = scanned
            crossed += self._judge(elements, data[position:end])
            position = end
        self._rest = data[position:]
        return crossed

    def _is_drawing(self, opcode: bytes, raw: bytes) -> bool:
        scanned = read_instruction(raw, 0)
        assert scanned is not None
        if name_of(scanned[0]) in DRAWING_SHAPES:
            return has_shape(scanned[0], DRAWING_SHAPES[name_of(scanned[0])])
        return super()._is_drawing(opcode, raw)


class PlainInput(BrowserFilter):
    """browser → guacd, one by one."""

    def feed(self, message: bytes) -> bytes:
        if b"\0" in message:
            raise ProtocolViolation("zero byte")
        crossed = b""
        position = 0
        while position < len(message) and not self.is_leaving:
            scanned = read_instruction(message, position)
            if scanned is None:
                raise ProtocolViolation("message ends inside an instruction")
            elements, end = scanned
            raw = message[position:end]
            if not self._is_read_only and has_shape(elements, INPUT_SHAPES.get(name_of(elements))):
                self.inputs += 1
                crossed += raw
            else:
                crossed += self._judge(elements, raw)
            position = end
        return crossed
