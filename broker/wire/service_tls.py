"""TLS between services: both sides show a certificate of the site's own authority (RFC 8446, RFC 5246)."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from broker.errors import ConfigurationError
from broker.model.service_name import ServiceName, read_service_name

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""


class TlsFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What a service shows (``certificate`` with its ``key``), and ``authority``, by which it judges the other side."""

    certificate: Path
    key: Path
    authority: Path


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """A listener that talks only to bearers of a certificate of the authority, good for a client.

    Raises :class:`ConfigurationError` naming the file that can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    _load_pair(context, files)
    _load_authority(context, files.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """A caller that shows its certificate and accepts a server of the authority under the name that it dialled.

    Raises :class:`ConfigurationError` naming the file that can't be used.
    """
    context = verifying_context(files.authority)
    _load_pair(context, files)
    return context


def verifying_context(authority: Path) -> ssl.SSLContext:
    """A caller that shows nothing. It checks the server's certificate and name. Raises :class:`ConfigurationError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    _load_authority(context, authority)
    return context


def peer_service(peer_certificate: object) -> ServiceName | None:
    """Whom a verified peer's certificate (``get_extra_info("peercert")``) belongs to; ``None``: no service."""
    if not isinstance(peer_certificate, Mapping):
        return None
    facts = cast("Mapping[str, Any]", peer_certificate)
    names: tuple[tuple[str, str], ...] = facts.get("subjectAltName", ())
    return read_service_name(value for kind, value in names if kind == "URI")


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _load_pair(context: ssl.SSLContext, files: TlsFiles) -> None:
    for path in (files.certificate, files.key):
        if not path.is_file():
            raise ConfigurationError(f"{path}: no such file; make it with: sekisho pki issue")
    if files.key.stat().st_mode & 0o077:
        raise ConfigurationError(f"{files.key}: readable by others; run: chmod 600 {files.key}")
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{files.certificate}: does not go with {files.key}: {error}") from error


def _load_authority(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: no such file; copy ca.crt of the service authority there") from error
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{path}: not a certificate of an authority (PEM): {error}") from error
