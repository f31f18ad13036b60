"""The Guacamole instructions that put a tile over the whole picture. Pure.

Layers and streams from 1,000,000 on can't be named by guacd (:mod:`gateway.filters.opcodes`), so nothing that a
desktop does reaches them.
"""

import base64
from typing import Final

from gateway.protocol import encode_instruction
from gateway.watermark.tile import Tile

LAYER: Final = "1000000"
BUFFER: Final = "-1000000"
STREAM: Final = "9000001"
_TOPMOST: Final = "2147483647"
_SOURCE: Final = "12"
"""Channel mask 'SRC': what was there before is replaced (Guacamole protocol reference)."""
_BLOB_BYTES: Final = 6048
"""As guacd does: with base64 a blob stays below the longest element that a client reads."""


def count_blobs(tile: Tile) -> int:
    """How many acknowledgements the tile earns."""
    return -(-len(tile.png) // _BLOB_BYTES)


def send_tile(tile: Tile) -> bytes:
    """Bring the tile into a buffer, where it stays."""
    blobs = (
        base64.b64encode(tile.png[start : start + _BLOB_BYTES]).decode("ascii")
        for start in range(0, len(tile.png), _BLOB_BYTES)
    )
    instructions = [
        encode_instruction("size", BUFFER, str(tile.width_px), str(tile.height_px)),
        encode_instruction("img", STREAM, _SOURCE, BUFFER, "image/png", "0", "0"),
        *(encode_instruction("blob", STREAM, blob) for blob in blobs),
        encode_instruction("end", STREAM),
    ]
    return b"".join(instructions)


def remove_cover() -> bytes:
    """Take the layer away, to be made anew."""
    return encode_instruction("dispose", LAYER)


def cover_picture(width_px: int, height_px: int) -> bytes:
    """Repeat the tile over a picture of this size, on top of all layers. Done again, it replaces itself."""
    width, height = str(max(width_px, 0)), str(max(height_px, 0))
    instructions = [
        encode_instruction("size", LAYER, width, height),
        encode_instruction("move", LAYER, "0", "0", "0", _TOPMOST),
        encode_instruction("rect", LAYER, "0", "0", width, height),
        encode_instruction("lfill", _SOURCE, LAYER, BUFFER),
    ]
    return b"".join(instructions)
