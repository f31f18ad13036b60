"""The server's name in the first flight of a TLS client (RFC 8446 section 4.1.2, RFC 6066 section 3). Pure."""

from typing import Final

import msgspec

MAX_HELLO_BYTES: Final = 32768
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_RECORD_HEAD: Final = 5
_MAX_RECORD: Final = 16384
_SERVER_NAME: Final = 0
_HOST_NAME: Final = 0


class HelloName(msgspec.Struct, frozen=True):
    """A whole ClientHello; ``name`` is what it asks for, lower case, None without a server name."""

    name: str | None


class Incomplete(msgspec.Struct, frozen=True):
    """More bytes have to come."""


class NotTls(msgspec.Struct, frozen=True):
    """These bytes begin no TLS handshake, or a broken one."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self.data)

    def take(self, count: int) -> bytes:
        """Raises :class:`ValueError` when there is less."""
        if self._at + count > len(self.data):
            raise ValueError("short")
        part = self.data[self._at : self._at + count]
        self._at += count
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> "_Reader":
        return _Reader(self.take(self.number(size)))


def read_hello(data: bytes) -> HelloName | Incomplete | NotTls:
    """Look at the bytes that a client has sent so far. A handshake message may lie in several records."""
    message = b""
    at = 0
    while len(data) >= at + _RECORD_HEAD:
        kind, major, size = data[at], data[at + 1], int.from_bytes(data[at + 3 : at + 5])
        if kind != _HANDSHAKE or major != 3 or not 0 < size <= _MAX_RECORD:
            return NotTls()
        part = data[at + _RECORD_HEAD : at + _RECORD_HEAD + size]
        message += part
        if message and message[0] != _CLIENT_HELLO:
            return NotTls()
        if len(message) >= 4 and len(message) - 4 >= (length := int.from_bytes(message[1:4])):
            return _read_message(message[4 : 4 + length])
        if len(part) < size:
            break
        at += _RECORD_HEAD + size
    if data and data[0] != _HANDSHAKE:
        return NotTls()
    return NotTls() if len(data) >= MAX_HELLO_BYTES else Incomplete()


def _read_message(body: bytes) -> HelloName | NotTls:
    try:
        reader = _Reader(body)
        reader.take(2 + 32)
        for size in (1, 2, 1):  # session id, cipher suites, compression methods
            reader.vector(size)
        if reader.is_done:
            return HelloName(None)
        names = [_read_names(data) for kind, data in _extensions(reader.vector(2)) if kind == _SERVER_NAME]
    except (ValueError, UnicodeDecodeError):
        return NotTls()
    if len(names) > 1:
        return NotTls()
    return HelloName(names[0] if names else None)


def _extensions(reader: _Reader) -> list[tuple[int, _Reader]]:
    found: list[tuple[int, _Reader]] = []
    while not reader.is_done:
        kind = reader.number(2)
        found.append((kind, reader.vector(2)))
    return found


def _read_names(extension: _Reader) -> str:
    """Exactly one name of the one kind there is. Raises :class:`ValueError`."""
    names = extension.vector(2)
    kind = names.number(1)
    name = names.vector(2).data.decode("ascii")
    if kind != _HOST_NAME or not names.is_done or not extension.is_done or not name:
        raise ValueError("not one host name")
    return name.lower()
