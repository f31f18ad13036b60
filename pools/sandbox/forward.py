"""Offers a Unix socket on a port of the sandbox's own loopback: ``forward.py SOCKET PORT``. Knows no protocol.

It runs inside of the desktop, where there is nothing but the system's Python: it imports no other module of ours.
"""

import asyncio
import sys


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """One direction; the end of sending is passed on."""
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, until both directions have ended or one of them has broken."""
    try:
        out_reader, out_writer = await asyncio.open_unix_connection(sys.argv[1])
    except OSError:
        writer.close()
        return
    tasks = [asyncio.create_task(pump(reader, out_writer)), asyncio.create_task(pump(out_reader, writer))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    writer.close()
    out_writer.close()


async def main() -> None:
    """Until the sandbox ends."""
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
