"""Keys and values of LevelDB files, put together again where blocks cut them.

Sources: LevelDB's ``doc/table_format.md`` and ``doc/log_format.md``.
"""

from collections.abc import Iterator
from typing import Final

import cramjam

_FOOTER_BYTES: Final = 48
_TABLE_MAGIC: Final = (0xDB4775248B80FB57).to_bytes(8, "little")
_TRAILER_BYTES: Final = 5
_LOG_BLOCK_BYTES: Final = 32_768
_LOG_HEADER_BYTES: Final = 7
_SNAPPY, _ZSTD = 1, 2


class Torn(Exception):
    """The file ends in the middle, or is none."""


def entries_of_table(data: bytes) -> Iterator[bytes]:
    """Blocks, whole keys and values of a ``.ldb`` file."""
    if not data.endswith(_TABLE_MAGIC):
        return
    try:
        footer = data[-_FOOTER_BYTES:]
        place = 0
        for _ in range(2):  # the metaindex's handle
            _, place = _varint(footer, place)
        offset, place = _varint(footer, place)
        size, place = _varint(footer, place)
        for _, handle in _entries(_block(data, offset, size)):
            begin, at = _varint(handle, 0)
            length, _ = _varint(handle, at)
            block = _block(data, begin, length)
            yield block
            for key, value in _entries(block):
                yield key
                yield value
    except Torn:
        return


def _block(data: bytes, offset: int, size: int) -> bytes:
    raw = data[offset : offset + size]
    if len(data) < offset + size + _TRAILER_BYTES:
        raise Torn
    kind = data[offset + size]
    try:
        if kind == _SNAPPY:
            return bytes(cramjam.snappy.decompress_raw(raw))
        if kind == _ZSTD:
            return bytes(cramjam.zstd.decompress(raw))
    except cramjam.DecompressionError as error:
        raise Torn from error
    return raw


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys are written without what they share with the one before."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        own, place = _varint(block, place)
        size, place = _varint(block, place)
        key = key[:shared] + block[place : place + own]
        place += own
        yield key, block[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise Torn
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def entries_of_log(data: bytes) -> Iterator[bytes]:
    """The records of a ``.log`` file, whole, without the headers that stand between their fragments."""
    record = b""
    for start in range(0, len(data), _LOG_BLOCK_BYTES):
        block = data[start : start + _LOG_BLOCK_BYTES]
        place = 0
        while place + _LOG_HEADER_BYTES <= len(block):
            size = int.from_bytes(block[place + 4 : place + 6], "little")
            kind = block[place + 6]
            if kind not in (1, 2, 3, 4):
                break
            place += _LOG_HEADER_BYTES
            fragment = block[place : place + size]
            place += size
            record = fragment if kind in (1, 2) else record + fragment
            if kind in (1, 4):
                yield record
                record = b""
    if record:
        yield record
