"""Everything that is packed inside of a file: compressed streams, cache entries, LevelDB tables, databases."""

import contextlib
import re
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cramjam

from tests.separation.leak.leveldb import entries_of_log, entries_of_table

MAX_DEPTH: Final = 3
_MAX_UNPACKED_BYTES: Final = 64 << 20
_SIMPLE_CACHE_MAGIC: Final = (0xFCFB6D1BA7725C30).to_bytes(8, "little")
_SIMPLE_CACHE_HEADER_BYTES: Final = 24
_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_gzip_start: Final = re.compile(rb"\x1f\x8b\x08")
_zlib_start: Final = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_zstd_start: Final = re.compile(re.escape(_ZSTD_MAGIC))


def layers_of(data: bytes, name: str = "", depth: int = 0) -> Iterator[bytes]:
    """``data`` itself and everything that can be unpacked from it, from the inside too."""
    yield data
    if depth == MAX_DEPTH or len(data) < 8:
        return
    for inner in _unpack(data, name):
        if len(inner) >= 8:
            yield from layers_of(inner, "", depth + 1)


def _unpack(data: bytes, name: str) -> Iterator[bytes]:
    yield from _inflate_all(data, _gzip_start, 31)
    yield from _inflate_all(data, _zlib_start, 15)
    yield from _unzstd_all(data)
    if data.startswith(_SIMPLE_CACHE_MAGIC):
        yield from _bodies_of_cache_entry(data)
    if name.endswith((".ldb", ".sst")):
        yield from entries_of_table(data)
    elif name.endswith(".log"):
        yield from entries_of_log(data)
    yield from _unsnap(data)


def _inflate_all(data: bytes, start: re.Pattern[bytes], window: int) -> Iterator[bytes]:
    for match in start.finditer(data):
        inflater = zlib.decompressobj(window)
        try:
            # what is there of a stream that is cut off counts too
            inner = inflater.decompress(memoryview(data)[match.start() :], _MAX_UNPACKED_BYTES)
        except zlib.error:
            continue
        if inner:
            yield inner


def _unzstd_all(data: bytes) -> Iterator[bytes]:
    for match in _zstd_start.finditer(data):
        # what comes before the data that is no zstd any more
        stream = cramjam.zstd.Decompressor()
        with contextlib.suppress(OSError, cramjam.DecompressionError):
            stream.decompress(data[match.start() :])
        if inner := bytes(stream.flush()):
            yield inner


def _bodies_of_cache_entry(data: bytes) -> Iterator[bytes]:
    """The body of a simple cache entry (``net/disk_cache/simple/simple_entry_format.h``), and it unpacked as brotli,
    which has no mark by which it could be found elsewhere."""
    key_bytes = int.from_bytes(data[12:16], "little")
    body = data[_SIMPLE_CACHE_HEADER_BYTES + key_bytes :]
    yield body
    try:
        yield bytes(cramjam.brotli.decompress(body))
    except cramjam.DecompressionError:
        return


def _unsnap(data: bytes) -> Iterator[bytes]:
    """A value that is one raw snappy block, with or without the marker byte of IndexedDB's values."""
    if len(data) > 8 << 20:
        return
    for start in (0, 1, 2, 3):
        try:
            yield bytes(cramjam.snappy.decompress_raw(data[start:]))
        except cramjam.DecompressionError:
            continue


def cells_of_database(path: Path) -> Iterator[bytes]:
    """Every text and blob of an SQLite file, whole, as pages may cut them; nothing for other files."""
    with path.open("rb") as file:
        if file.read(len(_SQLITE_MAGIC)) != _SQLITE_MAGIC:
            return
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    connection.text_factory = bytes
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            quoted = table.decode().replace('"', '""')
            for row in connection.execute(f'SELECT * FROM "{quoted}"'):
                yield from (cell for cell in row if isinstance(cell, bytes))
    except sqlite3.DatabaseError:
        return  # being written at this moment; its raw bytes have been searched
    finally:
        connection.close()
