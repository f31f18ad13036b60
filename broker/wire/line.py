"""The line on which gateways and agents dial the broker: a Unix socket of their own host, or TCP with mutual TLS."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from broker.errors import ConfigurationError, WireError
from broker.wire.service_tls import TlsFiles, client_context

_ON_SOCKET: Final = "http://broker"


class SocketLine(msgspec.Struct, frozen=True):
    """A Unix socket of this host."""

    path: Path

    @property
    def url(self) -> str:
        return _ON_SOCKET

    def connect(self) -> aiohttp.BaseConnector:
        return aiohttp.UnixConnector(str(self.path))


class TlsLine(msgspec.Struct, frozen=True):
    """``https://host:port``; ``files`` are read anew for each connection, so that a renewal needs no restart."""

    url: str
    files: TlsFiles

    def connect(self) -> aiohttp.BaseConnector:
        """Raises :class:`WireError` when a file has become unusable."""
        try:
            return aiohttp.TCPConnector(ssl=client_context(self.files))
        except ConfigurationError as error:
            raise WireError(str(error)) from error


WireLine = SocketLine | TlsLine


def choose_line(
    *, socket: Path | None, url: str, authority: Path | None, certificate: Path | None, key: Path | None
) -> WireLine:
    """The line that the settings name. Raises :class:`ConfigurationError` unless it is one, whole and encrypted."""
    if socket is not None:
        if url:
            raise ConfigurationError("wire_url: give it or wire_socket, not both")
        return SocketLine(socket)
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.path not in {"", "/"}:
        raise ConfigurationError("wire_url: https://host:port of the broker's wire, or wire_socket on its own host")
    if authority is None or certificate is None or key is None:
        raise ConfigurationError("wire_url needs wire_ca, wire_certificate and wire_key (sekisho pki issue)")
    line = TlsLine(url.rstrip("/"), TlsFiles(certificate=certificate, key=key, authority=authority))
    client_context(line.files)
    return line
