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
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.errors import ConfigurationError, SealBroken

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


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
    """Seals and opens values under one key. Every purpose derives a key of its own (HKDF-SHA256, RFC 5869)."""

    __slots__ = ("_root",)

    def __init__(self, root: bytes) -> None:
        if len(root) != _KEY_BYTES:
            raise ConfigurationError(f"the sealing key must hold {_KEY_BYTES} bytes, not {len(root)}")
        self._root = root

    @classmethod
    def load(cls, path: Path) -> "SealingKey":
        """Read the key from a file of 64 hexadecimal digits.

        Raises :class:`ConfigurationError` when it is missing, malformed or readable by others.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigurationError(f"{path}: readable by others; run: chmod 600 {path}")
            return cls(bytes.fromhex(path.read_text("ascii").strip()))
        except OSError as error:
            raise ConfigurationError(f"{path}: the sealing key can't be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"{path}: the sealing key must be 64 hexadecimal digits") from error

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key with mode 0600; an existing one is left as it is."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "w") as file:
            file.write(_random.token_hex(_KEY_BYTES) + "\n")

    def derive(self, purpose: str) -> bytes:
        """32 bytes that belong to one purpose."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(self._root)

    def seal(self, purpose: str, secret: Secret) -> Sealed:
        """Encrypt for one purpose (for instance ``"totp:<user id>"``): it opens for no other."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self.derive(purpose))
        return Sealed(nonce + cipher.encrypt(nonce, secret.reveal().encode(), purpose.encode()))

    def open(self, purpose: str, sealed: Sealed) -> Secret:
        """Raises :class:`SealBroken` when key, purpose or a byte differs."""
        cipher = AESGCM(self.derive(purpose))
        nonce, body = sealed.blob[:_NONCE_BYTES], sealed.blob[_NONCE_BYTES:]
        try:
            return Secret(cipher.decrypt(nonce, body, purpose.encode()).decode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"sealed value for {purpose.split(':', 1)[0]} does not open") from error


def new_token() -> Secret:
    """A bearer token: 256 random bits in URL-safe base64 (43 characters)."""
    return Secret(_random.token_urlsafe(32))


def hash_token(token: Secret | str) -> bytes:
    """SHA-256 of a random token. Enough for values with 128 bits or more of entropy, never for passwords.

    Takes any text, also what a header's stray bytes are decoded to.
    """
    text = token.reveal() if isinstance(token, Secret) else token
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
