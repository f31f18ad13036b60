"""Writers of what a browser keeps, for tests of the search: each hides a value as Chromium would."""

import gzip
import sqlite3
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cramjam

_LOG_BLOCK_BYTES: Final = 32_768
_LOG_HEADER_BYTES: Final = 7
_NEIGHBOURS: Final = b"what stands beside it, and is of no interest. " * 40


def _among(value: bytes) -> bytes:
    return _NEIGHBOURS + value + _NEIGHBOURS


def _raw(path: Path, value: bytes) -> None:
    path.write_bytes(_among(value))


def _gzip(path: Path, value: bytes) -> None:
    path.write_bytes(b"header" + gzip.compress(_among(value)) + b"trailer")


def _zlib(path: Path, value: bytes) -> None:
    path.write_bytes(b"header" + zlib.compress(_among(value)) + b"trailer")


def _zstd(path: Path, value: bytes) -> None:
    path.write_bytes(b"header" + bytes(cramjam.zstd.compress(_among(value))) + b"trailer")


def _cache_entry(path: Path, body: bytes) -> None:
    key = b"1/0/_dk_http://localhost http://localhost http://localhost/page"
    header = struct.pack("<QIIIxxxx", 0xFCFB6D1BA7725C30, 5, len(key), 0)
    path.with_name("0123456789abcdef_0").write_bytes(header + key + body + b"HTTP/1.1 200 OK\0content-encoding: br\0")


def _cached_brotli(path: Path, value: bytes) -> None:
    _cache_entry(path, bytes(cramjam.brotli.compress(_among(value))))


def _cached_gzip(path: Path, value: bytes) -> None:
    _cache_entry(path, gzip.compress(_among(value)))


def _table(path: Path, value: bytes) -> None:
    """A LevelDB table with one snappy block, in which the key shares its beginning with the one before."""
    middle = len(value) // 2
    block = _block([(0, value[:middle], b""), (middle, value[middle:], _NEIGHBOURS)])
    packed = bytes(cramjam.snappy.compress_raw(block))
    index = _block([(0, b"z", _varint(0) + _varint(len(packed)))])
    footer = _varint(0) + _varint(0) + _varint(len(packed) + 5) + _varint(len(index))
    footer = footer.ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")
    path.with_suffix(".ldb").write_bytes(packed + b"\1\0\0\0\0" + index + b"\0\0\0\0\0" + footer)


def _block(entries: list[tuple[int, bytes, bytes]]) -> bytes:
    body = b"".join(
        _varint(shared) + _varint(len(own)) + _varint(len(value)) + own + value for shared, own, value in entries
    )
    return body + struct.pack("<II", 0, 1)


def _varint(value: int) -> bytes:
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def _log(path: Path, value: bytes) -> None:
    """A LevelDB log in which the end of a block, with the header behind it, cuts the value in two."""
    first = b"x" * (_LOG_BLOCK_BYTES - _LOG_HEADER_BYTES - len(value) // 2) + value[: len(value) // 2]
    rest = value[len(value) // 2 :] + b"y"
    fragments = ((first, 2), (rest, 4))
    path.with_suffix(".log").write_bytes(
        b"".join(struct.pack("<IHB", 0, len(fragment), kind) + fragment for fragment, kind in fragments)
    )


def _database(path: Path, value: bytes) -> None:
    """An SQLite cell that begins near the end of a page and goes on in the next one."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE urls (title BLOB)")
    connection.executemany("INSERT INTO urls VALUES (?)", [(b"z" * size + value,) for size in range(4000, 4100)])
    connection.commit()
    connection.close()


HIDING_PLACES: Final[Mapping[str, Callable[[Path, bytes], None]]] = MappingProxyType(
    {
        "raw": _raw,
        "gzip": _gzip,
        "zlib": _zlib,
        "zstd": _zstd,
        "cache entry in brotli": _cached_brotli,
        "cache entry in gzip": _cached_gzip,
        "leveldb table in snappy": _table,
        "leveldb log across blocks": _log,
        "database cell": _database,
    }
)
