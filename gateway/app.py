"""The gateway's process: the web server around its sessions, the link to the broker, the ticking of limits."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from gateway.broker_client import load_wire_key
from gateway.doorway import HANDSHAKE_S, Doorway
from gateway.listener import BACKLOG
from gateway.sessions import STOP_TIMEOUT_S, Gateway
from gateway.settings import GatewaySettings, check_settings
from gateway.spool import EventSpool
from gateway.watermark.fonts import NoFont, choose_font
from gateway.watermark.press import TilePress

_log: Final = structlog.get_logger(__name__)


def make_application(gateway: Gateway) -> web.Application:
    """Two routes and nothing else; every response closes its connection."""

    @web.middleware
    async def close_after(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        response.force_close()
        return response

    application = web.Application(middlewares=[close_after], client_max_size=1024)
    application.router.add_get("/tunnel", gateway.serve_tunnel, allow_head=False)
    application.router.add_get("/healthz", gateway.serve_health)
    return application


async def run_gateway(settings: GatewaySettings) -> None:
    """Serve until cancelled; then end all sessions and keep what the broker has not heard.

    Raises :class:`broker.errors.ConfigurationError` when settings, key, font or spool can't be used, and
    :class:`OSError` when the address is taken.
    """
    check_settings(settings)
    key = load_wire_key(Path(settings.wire_key_file))
    doorway = Doorway(settings.entrance, settings.tls)
    font = choose_font(settings.watermark_font)
    if isinstance(font, NoFont):
        _log.error("watermark.no_font", why=font.why, effect="sessions with a watermark are refused")
    spool = EventSpool(settings.spool_dir)
    press = TilePress(font)
    try:
        await _serve(settings, Gateway(settings, key, spool, press, doorway))
    finally:
        press.close()
        spool.close()


async def _serve(settings: GatewaySettings, gateway: Gateway) -> None:
    runner = web.AppRunner(
        make_application(gateway),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=STOP_TIMEOUT_S,
        lingering_time=0,
    )
    await runner.setup()
    gateway.keeper.serve_with(runner)
    loop = asyncio.get_running_loop()
    context = gateway.doorway.context
    listener = await loop.create_server(
        gateway.keeper,
        settings.listen_host,
        settings.listen_port,
        backlog=BACKLOG,
        ssl=context,
        ssl_handshake_timeout=HANDSHAKE_S if context is not None else None,
    )
    _log.info("gateway.listening", host=settings.listen_host, port=settings.listen_port)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.broker.run())
            tasks.create_task(gateway.tick_forever())
    finally:
        listener.close()
        await gateway.end_all()
        await runner.cleanup()
