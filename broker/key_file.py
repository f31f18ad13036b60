"""The file of sealing keys: several, each with an id. The last one is the newest; all of them open.

A file of one key alone is 64 hexadecimal digits. From the first rotation on it reads::

    sekisho-sealing-keys 1
    hash recovery-codes <64 digits>
    key 1f0c9a2e <64 digits>
    key 88d1b04c <64 digits>

``hash`` lines keep what was derived from the first key for hashing (recovery codes, known addresses): hashes can't be
made anew from another key, and no line leads back to the key that it came from (HKDF, RFC 5869).
"""

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.errors import ConfigurationError

KEY_BYTES: Final = 32
ID_BYTES: Final = 4
_HEADER: Final = "sekisho-sealing-keys 1"
_LINE: Final = re.compile(r"(key|hash) ([a-z0-9_-]{1,64}) ([0-9a-f]{64})")
_HASHED_BY_FIRST: Final = ("recovery-codes", "known_address")
_HASHING: Final = "hashing"


class KeyFile(msgspec.Struct, frozen=True):
    """Keys by id, oldest first, and what is derived for hashing. Never empty, never printed."""

    keys: Mapping[str, bytes]
    hashes: Mapping[str, bytes]
    is_plain: bool = False
    """One key alone, as the first start made it: nothing was ever rotated."""

    def __repr__(self) -> str:
        return f"<keys {' '.join(self.keys)}>"

    @property
    def newest(self) -> str:
        return next(reversed(list(self.keys)))

    @property
    def oldest(self) -> str:
        return next(iter(self.keys))

    def hash_key(self, purpose: str) -> bytes:
        """32 bytes for hashing, the same before and after every rotation."""
        if purpose in self.hashes:
            return self.hashes[purpose]
        return expand(self.hashes[_HASHING], purpose)

    def with_new_key(self) -> "KeyFile":
        """A further, random key at the end."""
        root = secrets.token_bytes(KEY_BYTES)
        return KeyFile({**self.keys, key_id(root): root}, self.hashes)

    def without(self, key: str) -> "KeyFile":
        return KeyFile({name: root for name, root in self.keys.items() if name != key}, self.hashes)


def key_id(root: bytes) -> str:
    """Eight hexadecimal digits that tell keys apart and tell nothing of them."""
    return hashlib.sha256(expand(root, "key-id")).hexdigest()[: 2 * ID_BYTES]


def expand(root: bytes, purpose: str) -> bytes:
    """32 bytes that belong to one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(root)


def of_one_key(root: bytes) -> KeyFile:
    """Raises :class:`ConfigurationError` for a key of another length."""
    if len(root) != KEY_BYTES:
        raise ConfigurationError(f"the sealing key must hold {KEY_BYTES} bytes, not {len(root)}")
    return KeyFile(
        {key_id(root): root}, {name: expand(root, name) for name in (*_HASHED_BY_FIRST, _HASHING)}, is_plain=True
    )


def read_keys(path: Path) -> KeyFile:
    """Raises :class:`ConfigurationError` when the file is missing, malformed or readable by others."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path}: readable by others; run: chmod 600 {path}")
        text = path.read_text("ascii").strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: the sealing key can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not a file of sealing keys") from error
    if text.startswith(_HEADER):
        return _parse(path, text)
    try:
        return of_one_key(bytes.fromhex(text))
    except ValueError as error:
        raise ConfigurationError(f"{path}: the sealing key must be 64 hexadecimal digits") from error


def write_keys(path: Path, held: KeyFile) -> None:
    """Whole or not at all, for its owner alone, on the disk when this returns."""
    lines = [_HEADER, *(f"hash {name} {value.hex()}" for name, value in held.hashes.items())]
    lines += [f"key {name} {root.hex()}" for name, root in held.keys.items()]
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def held_alone(path: Path) -> Generator[None]:
    """Between reading and writing nobody else changes the file (flock(2)); brief, never across an await."""
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _parse(path: Path, text: str) -> KeyFile:
    found: dict[str, dict[str, bytes]] = {"key": {}, "hash": {}}
    for number, line in enumerate(text.splitlines()[1:], 2):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in found[match[1]]:
            raise ConfigurationError(f"{path}: line {number} is neither a key nor a hash, or there twice")
        found[match[1]][match[2]] = bytes.fromhex(match[3])
    if wrong := [name for name, root in found["key"].items() if key_id(root) != name]:
        raise ConfigurationError(f"{path}: the key {wrong[0]} is damaged: it does not match its id")
    if not found["key"] or _HASHING not in found["hash"]:
        raise ConfigurationError(f"{path}: a key or the line 'hash {_HASHING}' is missing")
    return KeyFile(found["key"], found["hash"])
