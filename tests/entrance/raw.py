"""Requests as bytes, through the proxy's TLS, as no browser would send them."""

import asyncio
import contextlib
import ssl

from tests.entrance.person import trust
from tests.entrance.site import CLIENT, HOSTS, OFFICE, Site

_ANSWER_S = 3.0


async def send(site: Site, *parts: bytes, tls: ssl.SSLContext | None = None, wait_s: float = _ANSWER_S) -> bytes:
    """Everything that is answered until the proxy closes, or for ``wait_s`` after the last part."""
    reader, writer = await asyncio.open_connection(
        HOSTS[OFFICE], site.ports.public[OFFICE], ssl=tls or trust(site), local_addr=(CLIENT, 0)
    )
    heard = b""
    try:
        with contextlib.suppress(OSError, TimeoutError):
            for part in parts:
                writer.write(part)
                await writer.drain()
            async with asyncio.timeout(wait_s):
                while data := await reader.read(65_536):
                    heard += data
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(wait_s):
                await writer.wait_closed()
    return heard
