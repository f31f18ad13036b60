"""What the gateway relies on inside the web server: frames of its own between those of aiohttp."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from gateway.status import DoorRefusal, close_for
from gateway.websocket import BrowserSocket, accept_browser
from tests.fakes.waiting import until


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
async def test_frames_of_every_length_arrive_between_pings_and_before_the_close(size: int) -> None:
    heard: list[bytes] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        browser: BrowserSocket = await accept_browser(request)
        browser.on_message = heard.append
        browser.send(b"a" * size)
        browser.ping()
        browser.send("税務課𠮷".encode())
        pump = asyncio.create_task(browser.pump(lambda: None))
        await until(lambda: heard)
        pump.cancel()
        await asyncio.wait([pump])
        await browser.close(close_for(DoorRefusal.TICKET_REFUSED))
        return browser.response

    application = web.Application()
    application.router.add_get("/tunnel", serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/tunnel"
        async with session.ws_connect(url, protocols=("guacamole",), max_msg_size=0, compress=15) as socket:
            assert socket.protocol == "guacamole"
            assert socket.compress == 0
            assert await socket.receive_str(timeout=5) == "a" * size
            assert await socket.receive_str(timeout=5) == "税務課𠮷"
            await socket.send_str("3.nop;")
            end = await socket.receive(5)
            assert end.type is aiohttp.WSMsgType.CLOSE
            assert (end.data, end.extra) == (1008, "771 ticket_refused")
    assert heard == [b"3.nop;"]
    await runner.cleanup()
