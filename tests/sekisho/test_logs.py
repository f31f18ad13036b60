"""The broker's log: one JSON object a line, whoever speaks, and nothing of what people send."""

import asyncio
import json
import logging
import sys
from pathlib import Path

import pytest
from aiohttp.http import HttpProcessingError

from sekisho.logs import describe_record
from tests.web.conftest import free_port

CANARY = "SECRETCANARY"
COOKIE = f"Cookie: __Host-sekisho_session={CANARY}"
ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, logging, sys, warnings
from broker.network_settings import PortalSettings
from broker.settings import LogSettings
from sekisho.door.limits import DoorLimits
from sekisho.listeners import serve_portal
from sekisho.logs import set_up_log
from tests.web.fakes import FakeCity
from web.arrival import PortalEntrance
from web.app import create_app

async def main():
    set_up_log(LogSettings())
    settings = PortalSettings(port=int(sys.argv[1]))
    logging.getLogger("broker.pool.asking").info("provider %s rests", "local")
    logging.getLogger("some.library").info("noise")
    logging.getLogger("some.library").warning("broken %d", "template")
    warnings.warn("old ways")
    try:
        raise RuntimeError("a fault")
    except RuntimeError:
        logging.getLogger("broker.session").exception("went wrong")
    application = create_app(FakeCity().services(), PortalEntrance(settings))
    async with serve_portal(application, "127.0.0.1", settings.port, DoorLimits()):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


async def _send(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await reader.readline()
    writer.close()
    return answer


async def test_malformed_requests_leave_their_kind_and_not_their_contents_in_the_log() -> None:
    port = free_port()
    pipe = asyncio.subprocess.PIPE
    broker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(port), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert broker.stdout is not None
    assert await broker.stdout.readline() == b"ready\n"
    host = f"Host: localhost:{port}"
    for request in (
        f"GET / HTTP/1.1\r\n{host}\r\n{COOKIE}\0; a=b\r\n\r\n",
        f"GET /?ticket={CANARY}\1 HTTP/1.1\r\n{host}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{host}\r\n{COOKIE}{'a' * 9000}\r\n\r\n",
        f"{CANARY} garbage\r\n\r\n",
    ):
        assert b" 400 " in await _send(port, request.encode())
    _, told = await asyncio.wait_for(broker.communicate(b""), 20)

    assert CANARY not in told.decode()
    lines = [json.loads(line) for line in told.splitlines()]
    unreadable = [line for line in lines if line["event"] == "http.request_unreadable"]
    assert len(unreadable) >= 3
    assert {(line["address"], line["status"], line["level"]) for line in unreadable} == {("127.0.0.1", 400, "info")}
    events = [line["event"] for line in lines]
    assert "provider local rests" in events
    assert "broken %d" in events
    assert "noise" not in events
    assert any("old ways" in event for event in events)
    (wrong,) = [line for line in lines if line["event"] == "went wrong"]
    assert "RuntimeError: a fault" in wrong["exception"]
    assert wrong["level"] == "error"


@pytest.mark.parametrize("fault", [HttpProcessingError(code=400, message=CANARY), ValueError(CANARY)])
@pytest.mark.parametrize("arguments", [("192.0.2.7",), (CANARY,), ()])
def test_of_what_aiohttp_says_only_kind_and_address_are_kept(fault: Exception, arguments: tuple[str, ...]) -> None:
    message = "Error handling request from %s" if arguments else f"about {CANARY}"
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "x", 1, message, arguments, (type(fault), fault, None))
    line = describe_record(record)
    assert CANARY not in repr(line)
    assert line.fields["fault"] == type(fault).__name__
    assert line.fields.get("address") == (arguments[0] if arguments == ("192.0.2.7",) else None)
