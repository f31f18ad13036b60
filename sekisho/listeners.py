"""The broker's listeners for people: the portal on TCP, the command line's API on a Unix socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from aiohttp import web

from broker.errors import ConfigurationError
from broker.link.unix_socket import bind_unix_socket, remove_unix_socket
from broker.settings import PortalSettings, SiteSettings
from sekisho.door.keeper import DoorKeeper
from sekisho.door.limits import DoorLimits

_SHUTDOWN_S: Final = 3.0
_BACKLOG: Final = 1024


def serve(
    portal: web.Application, admin: web.Application, settings: SiteSettings, limits: DoorLimits
) -> tuple[AbstractAsyncContextManager[object], ...]:
    """Both listeners, the command line's first."""
    return _serve_admin(admin, settings), serve_portal(portal, settings.portal, limits)


@asynccontextmanager
async def serve_portal(
    application: web.Application, portal: PortalSettings, limits: DoorLimits
) -> AsyncGenerator[DoorKeeper]:
    """Serve pages and API while the block runs. Raises :class:`ConfigurationError` when the port is taken."""
    keeper = DoorKeeper(limits)
    runner = keeper.make_runner(application, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    keeper.serve_with(runner)
    try:
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(keeper, portal.host, portal.port, backlog=_BACKLOG)
        except OSError as error:
            raise ConfigurationError(f"$.portal.port: {portal.host}:{portal.port}: {error.strerror}") from error
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
