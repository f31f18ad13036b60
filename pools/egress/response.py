"""The answer to a plain request: its head says that the connection ends, its body goes on as it comes."""

import asyncio
from typing import Final

from pools.egress.relay import Counted

MAX_RESPONSE_HEAD: Final = 65536
_END: Final = b"\r\n\r\n"
_HOP: Final = (b"connection:", b"keep-alive:", b"proxy-connection:", b"upgrade:", b"proxy-authenticate:")


async def pass_response(
    server: asyncio.StreamReader, client: asyncio.StreamWriter, counted: Counted, idle_s: float
) -> None:
    """Until the server ends. Raises :class:`OSError` or :class:`asyncio.IncompleteReadError` when a side breaks."""
    is_interim = True
    while is_interim:
        head = await _read_head(server, idle_s)
        status = head.split(b" ", 2)[1:2]
        # Interim answers (1xx) come before the answer; 101 would be another protocol, which was never asked for.
        is_interim = len(status) == 1 and status[0][:1] == b"1" and status[0] != b"101"
        passed = head if is_interim else closing(head)
        client.write(passed)
        counted.inward += len(passed)
        await client.drain()
    while data := await asyncio.wait_for(server.read(65536), idle_s):
        client.write(data)
        counted.inward += len(data)
        await client.drain()


def closing(head: bytes) -> bytes:
    """The head without what is said about the connection, and with its end announced."""
    lines = head.removesuffix(_END).split(b"\r\n")
    kept = [lines[0], *(line for line in lines[1:] if not line.lower().startswith(_HOP))]
    return b"\r\n".join([*kept, b"Connection: close"]) + _END


async def _read_head(server: asyncio.StreamReader, idle_s: float) -> bytes:
    try:
        return await asyncio.wait_for(server.readuntil(_END), idle_s)
    except (asyncio.LimitOverrunError, TimeoutError) as error:
        raise ConnectionResetError("no answer that could be read") from error
