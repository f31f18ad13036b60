"""Tiles that need no font, and what of a stream is the watermark's."""

from gateway.protocol import Elements, InstructionReader
from gateway.watermark.instructions import BUFFER, LAYER, STREAM
from gateway.watermark.tile import Tile

SMALL_TILE = Tile(320, 160, b"\x89PNG of a test")
LARGE_TILE = Tile(320, 160, b"\x89PNG of a test" * 1000)
_OWN = {LAYER.encode(), BUFFER.encode(), STREAM.encode()}


def read_all(data: bytes) -> list[Elements]:
    """Every instruction; nothing may be left over."""
    reader = InstructionReader()
    reader.feed(data)
    instructions: list[Elements] = []
    while (elements := reader.next()) is not None:
        instructions.append(elements)
    assert reader.take_rest() == b"", "it does not end with an instruction"
    return instructions


def is_watermark(elements: Elements) -> bool:
    """Whether an instruction names what only the gateway may name."""
    return elements[0] != b"sync" and bool(_OWN & set(elements[1:]))
