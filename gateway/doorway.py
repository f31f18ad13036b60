"""The line on which browsers come: plain, or from the entrance's proxy by mutual TLS, which then names the client."""

import asyncio
import ssl
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from broker.model.service_name import ServiceKind, ServiceName
from broker.wire.entrance_headers import CLIENT_ADDRESS, HeaderRefused, read_client_address
from broker.wire.service_tls import TlsFiles, peer_service, server_context

HANDSHAKE_S: Final = 5.0


class DoorwayTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files (PEM) of a listener for the entrance's proxy: this gateway's certificate and key, and the authority by
    which the proxy's certificate is judged."""

    certificate: Path
    key: Path
    client_ca: Path


class Stranger(msgspec.Struct, frozen=True):
    """A request that nobody vouches for where somebody has to. ``word`` is one of a fixed few."""

    word: str


class Doorway:
    """Tells where a request comes from. A client's own word counts nowhere."""

    def __init__(self, entrance: str, tls: DoorwayTls | None) -> None:
        """Raises :class:`broker.errors.ConfigurationError` when a file can't be used."""
        self._proxy = ServiceName(ServiceKind.ENTRANCE, entrance)
        self.context: ssl.SSLContext | None = None
        if tls is not None:
            self.context = server_context(TlsFiles(certificate=tls.certificate, key=tls.key, authority=tls.client_ca))

    def is_proxy(self, transport: asyncio.BaseTransport | None) -> bool:
        """Whether this entrance's proxy is at the other end, as its certificate says."""
        if self.context is None or transport is None:
            return False
        return peer_service(transport.get_extra_info("peercert")) == self._proxy

    def find_address(self, request: web.Request) -> str | Stranger:
        """The address of the client. On TLS only this entrance's proxy is served, and it has to name the client."""
        if self.context is None:
            return request.remote or Stranger("no_address")
        if not self.is_proxy(request.transport):
            return Stranger("not_the_entrance")
        try:
            return read_client_address(request.headers.getall(CLIENT_ADDRESS, []))
        except HeaderRefused:
            return Stranger("client_not_named")
