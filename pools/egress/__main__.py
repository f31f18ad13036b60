"""``python -m pools.egress LISTENER``: the proxy of one desktop, as the agent runs it.

``LISTENER`` is the number of an inherited listening Unix socket. Each line of the input is an order (JSON); the last
one holds. The end of the input ends the proxy. Each line of the output is a report (JSON).
"""

import asyncio
import contextlib
import socket
import sys
from typing import Final

import msgspec

from pools.egress.account import WINDOW_S, Account
from pools.egress.model import EgressOrder, Report
from pools.egress.server import EgressServer

_MAX_ORDER_BYTES: Final = 1 << 20


def main() -> int:
    """0 at the end of the input, 1 for a first order that can't be read."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.setblocking(False)
    try:
        asyncio.run(_run(listener))
    except (msgspec.DecodeError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _run(listener: socket.socket) -> None:
    orders = await _input()
    account = Account()
    server = EgressServer(msgspec.json.decode(await orders.readline(), type=EgressOrder), account.add)
    tasks = [asyncio.create_task(server.serve(listener)), asyncio.create_task(_tell(account))]
    try:
        while line := await orders.readline():
            server.replace(msgspec.json.decode(line, type=EgressOrder))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _write(account.take())


async def _input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_MAX_ORDER_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _tell(account: Account) -> None:
    while True:
        await asyncio.sleep(WINDOW_S)
        _write(account.take())


def _write(reports: list[Report]) -> None:
    """An agent that is gone hears nothing more: then the input ends as well."""
    with contextlib.suppress(BrokenPipeError):
        for report in reports:
            sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
