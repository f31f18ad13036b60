"""The wire on TCP: mutual TLS, so that a key alone, however it was come by, opens nothing."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web

from broker.errors import ConfigurationError
from broker.model.service_name import ServiceKind, ServiceName
from broker.settings import SiteSettings
from broker.wire.service_tls import TlsFiles, peer_service, server_context

_HANDSHAKE_S: Final = 10.0


class TcpDoor(msgspec.Struct, frozen=True, kw_only=True):
    """Where the wire listens, with what it shows and by whom it lets itself be dialled."""

    host: str
    port: int
    files: TlsFiles


def find_tcp_door(settings: SiteSettings) -> TcpDoor | None:
    """The door that the settings ask for, if any."""
    wire = settings.wire
    if not wire.host:
        return None
    files = TlsFiles(
        certificate=settings.path(wire.certificate),
        key=settings.path(wire.key),
        authority=settings.path(wire.client_ca),
    )
    return TcpDoor(host=wire.host, port=wire.port, files=files)


@asynccontextmanager
async def open_tcp_door(runner: web.AppRunner, door: TcpDoor | None) -> AsyncGenerator[None]:
    """Listen while the block runs. Raises :class:`ConfigurationError` for bad files or a port that is taken."""
    if door is None or runner.server is None:
        yield
        return
    context = server_context(door.files)
    try:
        listener = await asyncio.get_running_loop().create_server(
            runner.server, door.host, door.port, ssl=context, ssl_handshake_timeout=_HANDSHAKE_S
        )
    except OSError as error:
        raise ConfigurationError(f"$.wire.port: {door.host}:{door.port}: {error.strerror}") from error
    try:
        yield
    finally:
        listener.close()


def is_certificate_of(request: web.Request, kind: ServiceKind, name: str) -> bool:
    """Whether the channel is this peer's: on the Unix socket the file's mode vouches, on TCP the certificate does."""
    transport = request.transport
    if transport is None:
        return False
    if transport.get_extra_info("ssl_object") is None:
        channel = transport.get_extra_info("socket")
        return channel is not None and channel.family == socket.AF_UNIX
    return peer_service(transport.get_extra_info("peercert")) == ServiceName(kind, name)
