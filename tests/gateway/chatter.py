"""Generated conversations: what a guacd and a browser may say, mostly well, now and then badly."""

import random
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.filters.opcodes import DRAWING_SHAPES
from gateway.protocol import encode_instruction
from tests.gateway.one_by_one import INPUT_SHAPES

_SAMPLES: Final = {
    # the first five are good
    "i": ("0", "7", "-1", "64", "-99999", "1000000", "-", "1-", "", "９", "12345-"),
    "z": ("0", "2147483647", "-214748364", "65307", "-1", "12345678901", "-2147483648", "-"),
    "d": ("0", "1", "-0.5", "0.70710678118654757", "1e-10", "1.23456789012345678901234", ".", "x"),
}
_INDICES: Final = ("0", "1", "2", "12", "999999", "1000000", "9000001", "", "01")
_TYPES: Final = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/png",
    "text/plain",
    "image/svg+xml",
    "audio/L16;rate=44100,channels=2",
)
_BODIES: Final = ("QQ==", "A" * 200, "A" * 5000, "0", "a", "", "名簿", "é;3.nop;", "3.end,1.1;", "𠮷;4.name,1.x;", ";")
NOW: Final = 1_700_000_000_000
"""As guacd's clock shows it, in milliseconds."""

_TIMESTAMPS: Final = (str(NOW), str(NOW), "1000000", "7", "1", "9" * 19, "1" * 13, "1" * 20, "-1", "")
_GOOD: Final = 5
_SPOILERS: Final = b"0123456789.,;-e\x00\x80\xe9\xff"


class Speaker:
    """Says the same for the same seed: politely or rudely, and often in nothing but ASCII."""

    def __init__(self, seed: str, *, is_inward: bool) -> None:
        self.source = random.Random(seed)
        self._rudeness = self.source.choice((0.0, 0.0, 0.02, 0.2))
        self._is_plain = self.source.random() < 0.7
        self._is_inward = is_inward
        self._newest = NOW

    def speak(self) -> list[bytes]:
        """Some instructions, or several at a time."""
        speak = self._speak_inward if self._is_inward else self._speak_outward
        speech = [speak() for _ in range(self.source.randrange(1, 30))]
        return [each for each in speech if each.isascii() or not self._is_plain] or [b"3.nop;"]

    def spoil(self, data: bytes) -> bytes:
        """Change a byte or two: lengths that lie, values that are cut, what is no UTF-8."""
        spoilt = bytearray(data)
        for _ in range(self.source.choice((1, 1, 2))):
            place = self.source.randrange(len(spoilt) - 1)
            match self.source.randrange(4):
                case 0:
                    spoilt[place] = self.source.choice(_SPOILERS)
                case 1:
                    del spoilt[place]
                case 2:
                    spoilt.insert(place, self.source.choice(_SPOILERS))
                case _:
                    spoilt[place] ^= 1 << self.source.randrange(8)
        return bytes(spoilt)

    def cut(self, data: bytes) -> list[bytes]:
        """In one to four parts."""
        places = sorted(self.source.randrange(len(data) + 1) for _ in range(self.source.randrange(4)))
        return [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]

    def _is_rude(self) -> bool:
        return self.source.random() < self._rudeness

    def _pick(self, values: Sequence[str]) -> str:
        return self.source.choice(values[_GOOD:] if self._is_rude() else values[:_GOOD])

    def _draw(self, shapes: Mapping[str, str]) -> bytes:
        opcode = self.source.choice(list(shapes))
        values = [self._pick(_SAMPLES[kind]) for kind in shapes[opcode]]
        if self._is_rude():
            values = values[:-1] if self.source.random() < 0.5 else [*values, "0"]
        return encode_instruction(opcode, *values)

    def _end_frame(self) -> bytes:
        """guacd's grow; a browser gives back one of them."""
        self._newest += 0 if self._is_inward else self.source.choice((0, 1, 33))
        written = self._pick(_TIMESTAMPS) if self._is_rude() or self._is_inward else str(self._newest)
        rest = [self._pick(_SAMPLES["i"][:2] * 3) for _ in range(self.source.choice((0, 0, 1, 1, 1)))]
        return encode_instruction("sync", written, *rest, *(["0"] if self._is_rude() else []))

    def _open_and_fill(self) -> bytes:
        index = self._pick(_INDICES)
        other = self._pick(_INDICES) if self._is_rude() else index
        opening = [
            encode_instruction("img", index, "14", self._pick(_SAMPLES["i"]), self._pick(_TYPES), "0", "0"),
            encode_instruction("audio", index, "audio/L16;rate=44100,channels=2"),
            encode_instruction("clipboard", index, "text/plain"),
            encode_instruction("file", index, "text/csv", "名簿.csv"),
        ]
        blobs = [
            encode_instruction("blob", other, self.source.choice(_BODIES)) for _ in range(self.source.randrange(3))
        ]
        first = self.source.choice(opening[1:] if self._is_inward else [opening[0], *opening])
        return b"".join([first, *blobs, encode_instruction("end", other)][: self.source.choice((1, 2, 9, 9))])

    def _speak_outward(self) -> bytes:
        kind = self.source.random()
        if kind < 0.5:
            return self._draw(DRAWING_SHAPES)
        if kind < 0.75:
            return self._open_and_fill()
        if kind < 0.9:
            return self._end_frame()
        others = [
            encode_instruction("blob", self._pick(_INDICES), "QQ=="),
            encode_instruction("blob", self._pick(_INDICES), "QQ==", "QQ=="),
            encode_instruction("end", self._pick(_INDICES)),
            encode_instruction("size", self._pick(_SAMPLES["i"]), "1280", "720"),
            encode_instruction("ack", self._pick(_INDICES), "NO;", "0"),
            encode_instruction("set", "0", "multi-touch", "1"),
            encode_instruction("mouse", "1", "2"),
            encode_instruction("name", "窓;3.nop;"),
            encode_instruction("canary", "1"),
        ]
        return encode_instruction("disconnect") if self._is_rude() else self.source.choice(others)

    def _speak_inward(self) -> bytes:
        kind = self.source.random()
        if kind < 0.7:
            return self._draw(INPUT_SHAPES)
        if kind < 0.9:
            return self._end_frame()
        if kind < 0.95:
            return self._open_and_fill()
        others = [encode_instruction("nop"), encode_instruction("", "ping", "1"), encode_instruction("size", "9", "9")]
        return encode_instruction("disconnect") if self._is_rude() else self.source.choice(others)
