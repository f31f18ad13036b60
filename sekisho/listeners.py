"""The broker's listeners for people: the portal on TCP, the command line's API on a Unix socket."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiohttp import web

from broker.errors import ConfigurationError
from broker.link.unix_socket import bind_unix_socket, remove_unix_socket
from broker.settings import SiteSettings


def serve(
    portal: web.Application, admin: web.Application, settings: SiteSettings
) -> tuple[AbstractAsyncContextManager[None], ...]:
    """Both listeners, the command line's first."""
    return _serve_admin(admin, settings), _serve_portal(portal, settings)


@asynccontextmanager
async def _serve_portal(application: web.Application, settings: SiteSettings) -> AsyncGenerator[None]:
    """Serve pages and API while the block runs. Raises :class:`ConfigurationError` when the port is taken."""
    portal = settings.portal
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, portal.host, portal.port).start()
        except OSError as error:
            raise ConfigurationError(f"$.portal.port: {portal.host}:{portal.port}: {error.strerror}") from error
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _serve_admin(application: web.Application, settings: SiteSettings) -> AsyncGenerator[None]:
    """Serve the command line while the block runs; only the socket's owner and root can connect."""
    path = settings.path(settings.portal.admin_socket)
    listener = bind_unix_socket(path)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        listener.close()
        remove_unix_socket(path)
