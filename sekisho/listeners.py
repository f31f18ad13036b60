"""The broker's listeners for people: the portal on TCP, the entrances on TLS, the command line on a Unix socket."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web

from broker.errors import ConfigurationError
from broker.link.unix_socket import bind_unix_socket, remove_unix_socket
from broker.settings import SiteSettings
from broker.wire.service_tls import TlsFiles, server_context
from sekisho.door.keeper import DoorKeeper
from sekisho.door.limits import DoorLimits

_SHUTDOWN_S: Final = 3.0
_BACKLOG: Final = 1024


class Applications(msgspec.Struct, frozen=True, kw_only=True):
    """What is served: to the command line, to people at the broker's own listener, and through the entrances."""

    admin: web.Application
    portal: web.Application
    entrances: web.Application


def serve(
    applications: Applications, settings: SiteSettings, limits: DoorLimits
) -> list[AbstractAsyncContextManager[object]]:
    """Every listener that the settings ask for, the command line's first."""
    served: list[AbstractAsyncContextManager[object]] = [_serve_admin(applications.admin, settings)]
    if settings.entrance_listener.host:
        served.append(serve_entrances(applications.entrances, settings, limits))
    if host := settings.portal_host:
        served.append(serve_portal(applications.portal, host, settings.portal.port, limits))
    return served


@asynccontextmanager
async def serve_portal(
    application: web.Application, host: str, port: int, limits: DoorLimits
) -> AsyncGenerator[DoorKeeper]:
    """Serve pages and API while the block runs. Raises :class:`ConfigurationError` when the port is taken."""
    address = _Address("$.portal.port", host, port)
    async with _serve_door(application, limits, address) as keeper:
        yield keeper


@asynccontextmanager
async def serve_entrances(
    application: web.Application, settings: SiteSettings, limits: DoorLimits
) -> AsyncGenerator[DoorKeeper]:
    """The same for what the entrances' proxies bring. Many clients share a proxy's address, so that it has no share of
    its own; each client's is the proxy's to keep. Raises :class:`ConfigurationError`."""
    listener = settings.entrance_listener
    files = TlsFiles(
        certificate=settings.path(listener.certificate),
        key=settings.path(listener.key),
        authority=settings.path(listener.client_ca),
    )
    shared = msgspec.structs.replace(limits, max_silent_per_address=limits.max_sockets)
    address = _Address("$.entrance_listener.port", listener.host, listener.port, server_context(files))
    async with _serve_door(application, shared, address) as keeper:
        yield keeper


class _Address(msgspec.Struct, frozen=True):
    setting: str
    host: str
    port: int
    tls: ssl.SSLContext | None = None


@asynccontextmanager
async def _serve_door(
    application: web.Application, limits: DoorLimits, address: _Address
) -> AsyncGenerator[DoorKeeper]:
    keeper = DoorKeeper(limits)
    runner = keeper.make_runner(application, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    keeper.serve_with(runner)
    try:
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                keeper,
                address.host,
                address.port,
                backlog=_BACKLOG,
                ssl=address.tls,
                ssl_handshake_timeout=limits.head_s if address.tls is not None else None,
            )
        except OSError as error:
            where = f"{address.host}:{address.port}"
            raise ConfigurationError(f"{address.setting}: {where}: {error.strerror}") from error
        try:
            yield keeper
        finally:
            listener.close()
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _serve_admin(application: web.Application, settings: SiteSettings) -> AsyncGenerator[None]:
    """Serve the command line while the block runs; only the socket's owner and root can connect."""
    path = settings.path(settings.portal.admin_socket)
    listener = bind_unix_socket(path)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        listener.close()
        remove_unix_socket(path)
