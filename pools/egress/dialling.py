"""From a host that is allowed to an open connection: the address that was checked is the one that is dialled."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from pools.egress.addresses import Address
from pools.egress.model import Refusal
from pools.egress.rules import EgressRules, choose_addresses, literal_of

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
STREAM_BYTES: Final = 65536
_MAX_PARENT_HEAD: Final = 16384


class Resolver(Protocol):
    """Names into addresses, as text. Raises :class:`OSError`."""

    async def __call__(self, host: str) -> Sequence[str]: ...


class Dialled(msgspec.Struct, frozen=True):
    """An open connection; ``address`` is where it leads to (empty through a parent proxy)."""

    streams: Streams
    address: str


async def resolve_by_host(host: str) -> Sequence[str]:
    """The host's own resolver (getaddrinfo)."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def dial(
    rules: EgressRules, host: str, port: int, *, is_tunnel: bool, resolve: Resolver, deadline_s: float
) -> Dialled | Refusal:
    """A connection to a listed host, or why there is none. Names are resolved once, here; nothing asks again."""
    try:
        async with asyncio.timeout(deadline_s):
            if rules.parent is not None and literal_of(host) is None:
                return await _by_parent(rules.parent, host, port, is_tunnel=is_tunnel)
            addresses = await _addresses(rules, host, resolve)
            if isinstance(addresses, Refusal):
                return addresses
            if rules.parent is not None:
                return await _by_parent(rules.parent, host, port, is_tunnel=is_tunnel)
            return await _first(addresses, port)
    except (OSError, UnicodeError, TimeoutError):
        return Refusal.UNREACHABLE


async def _addresses(rules: EgressRules, host: str, resolve: Resolver) -> tuple[Address, ...] | Refusal:
    literal = literal_of(host)
    if literal is not None:
        return choose_addresses(rules, [str(literal)])
    known = rules.names.get(host)
    if known is not None:
        return choose_addresses(rules, known)
    try:
        return choose_addresses(rules, await resolve(host))
    except (socket.gaierror, UnicodeError):
        return Refusal.UNRESOLVED


async def _first(addresses: Sequence[Address], port: int) -> Dialled | Refusal:
    for address in addresses[:4]:
        try:
            return Dialled(await asyncio.open_connection(str(address), port, limit=STREAM_BYTES), str(address))
        except OSError:
            continue
    return Refusal.UNREACHABLE


async def _by_parent(parent: tuple[str, int], host: str, port: int, *, is_tunnel: bool) -> Dialled | Refusal:
    """Through the parent: a tunnel by CONNECT; a plain request is sent to it in absolute form by the caller."""
    reader, writer = await asyncio.open_connection(*parent, limit=STREAM_BYTES)
    is_open = False
    try:
        if not is_tunnel or await _ask_parent(reader, writer, f"{host}:{port}"):
            is_open = True
            return Dialled((reader, writer), "")
        return Refusal.UNREACHABLE
    finally:
        if not is_open:
            writer.close()


async def _ask_parent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: str) -> bool:
    writer.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode("ascii"))
    await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return False
    return len(head) <= _MAX_PARENT_HEAD and head.split(b" ", 2)[1:2] == [b"200"]
