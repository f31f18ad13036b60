"""Signatures under checkpoints: Ed25519 (RFC 8032), the private key in a file that only its owner reads."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from broker.audit.records import ChainHead
from broker.errors import ConfigurationError
from broker.model.ids import TenantId
from broker.ports import AuditCheckpoint

_FORMAT: Final = "sekisho audit checkpoint 1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class VerifyingKey:
    """The public half: tells whether a checkpoint was signed by us."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def load(cls, path: Path) -> "VerifyingKey":
        """Read a public key (PEM, SubjectPublicKeyInfo). Raises :class:`ConfigurationError`."""
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path}: not a readable public key: {error}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError(f"{path}: not an Ed25519 key")
        return cls(key)

    def confirms(self, checkpoint: AuditCheckpoint) -> bool:
        try:
            self._key.verify(checkpoint.signature, _statement(checkpoint))
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class CheckpointKey:
    """The private half: signs checkpoints."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key with mode 0600 and its public half to ``<path>.pub``; an existing one is left as it is."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = Ed25519PrivateKey.generate()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(handle, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public_path(path).write_bytes(VerifyingKey(key.public_key()).to_pem())

    @classmethod
    def load(cls, path: Path) -> "CheckpointKey":
        """Raises :class:`ConfigurationError` when it is missing, malformed or readable by others."""
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigurationError(f"{path}: readable by others; run: chmod 600 {path}")
            key = load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise ConfigurationError(f"{path}: the signing key can't be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"{path}: not a private key in PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(f"{path}: not an Ed25519 key")
        return cls(key)

    @property
    def verifying_key(self) -> VerifyingKey:
        return VerifyingKey(self._key.public_key())

    def sign(self, tenant_id: TenantId, head: ChainHead, signed_at: datetime) -> AuditCheckpoint:
        """State that the chain of the tenant reached ``head``."""
        unsigned = AuditCheckpoint(
            tenant_id=tenant_id, seq=head.seq, record_hash=head.record_hash, signed_at=signed_at, signature=b""
        )
        return AuditCheckpoint(
            tenant_id=tenant_id,
            seq=head.seq,
            record_hash=head.record_hash,
            signed_at=signed_at,
            signature=self._key.sign(_statement(unsigned)),
        )


def public_path(path: Path) -> Path:
    """Where the public half of a key file lies."""
    return path.with_name(f"{path.name}.pub")


def _statement(checkpoint: AuditCheckpoint) -> bytes:
    signed_at_us = (checkpoint.signed_at - _EPOCH) // timedelta(microseconds=1)
    fields = (_FORMAT, checkpoint.tenant_id, str(checkpoint.seq), checkpoint.record_hash.hex(), str(signed_at_us))
    framed = (len(field.encode()).to_bytes(4, "big") + field.encode() for field in fields)
    return b"".join(framed)
