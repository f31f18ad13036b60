"""Secrets: a type that prints nothing, hashing of bearer tokens, sealing at rest (AES-256-GCM, NIST SP 800-38D)."""

import hashlib
import hmac
import os
import secrets as _random
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.errors import ConfigurationError, SealBroken
from broker.key_file import ID_BYTES, KEY_BYTES, KeyFile, expand, of_one_key, read_keys

_NONCE_BYTES: Final = 12
_MARK: Final = b"\x00SK1"
_MARK_BYTES: Final = len(_MARK) + ID_BYTES


class Secret:
    """A text that never prints. Equality takes constant time; :meth:`reveal` is the only way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def is_empty(self) -> bool:
        return not self._text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


class Sealed(msgspec.Struct, frozen=True):
    """An encrypted value as stored: nonce, then ciphertext with its tag."""

    blob: bytes

    def __repr__(self) -> str:
        return "<sealed>"


class SealingKey:
    """Seals by one of its keys and opens by all of them. Every purpose derives a key of its own.

    A sealed value begins with the id of its key; one from before the first rotation has no id and is tried with
    every key. Each purpose is one value of one person or desktop, so a derived key seals a handful of times: far
    from the 2**32 random nonces that one key bears (NIST SP 800-38D, section 8.3).
    """

    __slots__ = ("_held", "_seals_by")

    def __init__(self, keys: bytes | KeyFile) -> None:
        self._held = keys if isinstance(keys, KeyFile) else of_one_key(keys)
        self._seals_by = self._held.oldest

    @classmethod
    def load(cls, path: Path) -> "SealingKey":
        """Raises :class:`ConfigurationError` when the file is missing, malformed or readable by others."""
        return cls(read_keys(path))

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key with mode 0600; an existing one is left as it is."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "w") as file:
            file.write(_random.token_hex(KEY_BYTES) + "\n")

    @property
    def ids(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self._held.keys)

    @property
    def seals_by(self) -> str:
        return self._seals_by

    def take(self, held: KeyFile) -> None:
        """What the file holds now. The key that seals stays, as long as it is there."""
        self._held = held
        if self._seals_by not in held.keys:
            self._seals_by = held.oldest

    def seal_by(self, key: str) -> None:
        """Raises :class:`ConfigurationError` for a key that this broker does not have."""
        if key not in self._held.keys:
            raise ConfigurationError(f"the sealing key {key} is in use and not in this host's key file: copy it here")
        self._seals_by = key

    def derive(self, purpose: str) -> bytes:
        """32 bytes for hashing under one purpose; rotation does not change them."""
        return self._held.hash_key(purpose)

    def seal(self, purpose: str, secret: Secret) -> Sealed:
        """Encrypt for one purpose (for instance ``"totp:<user id>"``): it opens for no other."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(expand(self._held.keys[self._seals_by], purpose))
        body = nonce + cipher.encrypt(nonce, secret.reveal().encode(), purpose.encode())
        # Alone it seals as ever: no rotation has begun, and a broker of the version before reads it too.
        return Sealed(body if self._held.is_plain else mark_of(self._seals_by) + body)

    def open(self, purpose: str, sealed: Sealed) -> Secret:
        """Raises :class:`SealBroken` when key, purpose or a byte differs."""
        named = key_named_by(sealed)
        if named in self._held.keys:
            tries = [(self._held.keys[named], sealed.blob[_MARK_BYTES:])]
        else:
            tries = [(root, sealed.blob) for root in self._held.keys.values()]
        for root, body in tries:
            opened = _open(expand(root, purpose), purpose, body)
            if opened is not None:
                return opened
        by = f" (sealed by the key {named})" if named and named not in self._held.keys else ""
        raise SealBroken(f"sealed value for {purpose.split(':', 1)[0]} does not open{by}")


def mark_of(key: str) -> bytes:
    """How a value begins that this key has sealed."""
    return _MARK + bytes.fromhex(key)


def key_named_by(sealed: Sealed) -> str:
    """The id of the key that a value names; empty for one from before the first rotation."""
    mark = sealed.blob[:_MARK_BYTES]
    return mark[len(_MARK) :].hex() if mark.startswith(_MARK) and len(mark) == _MARK_BYTES else ""


def _open(key: bytes, purpose: str, body: bytes) -> Secret | None:
    try:
        plain = AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], purpose.encode())
        return Secret(plain.decode())
    except (InvalidTag, ValueError):
        return None


def new_token() -> Secret:
    """A bearer token: 256 random bits in URL-safe base64 (43 characters)."""
    return Secret(_random.token_urlsafe(32))


def hash_token(token: Secret | str) -> bytes:
    """SHA-256 of a random token. Enough for values with 128 bits or more of entropy, never for passwords.

    Takes any text, also what a header's stray bytes are decoded to.
    """
    text = token.reveal() if isinstance(token, Secret) else token
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
