"""Does a TCP connection open? Told apart: a reset, a filter that says so by ICMP, silence, no route."""

import asyncio
import errno
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Final

from sekisho.flows.records import Answer, Probed

PROBES_AT_ONCE: Final = 32
_IP_RECVERR: Final = 11  # linux/in.h; the socket module has no name for it
_IPV6_RECVERR: Final = 25  # linux/in6.h
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")  # linux/errqueue.h: errno, origin, type, code, pad, info, data
_FROM_ICMP: Final = frozenset({2, 3})  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6


async def probe_all(targets: Iterable[tuple[str, int]], *, timeout_s: float) -> list[Probed]:
    """Every target once, in the order given, some at a time."""
    turn = asyncio.Semaphore(PROBES_AT_ONCE)

    async def in_turn(address: str, port: int) -> Probed:
        async with turn:
            return Probed(address=address, port=port, answer=await probe(address, port, timeout_s=timeout_s))

    return await asyncio.gather(*(in_turn(address, port) for address, port in targets))


async def probe(address: str, port: int, *, timeout_s: float) -> Answer:
    """Open a connection and shut it without a word."""
    is_v6 = isinstance(ip_address(address), IPv6Address)
    with socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_STREAM) as channel:
        channel.setblocking(False)
        if is_v6:
            channel.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            channel.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().sock_connect(channel, (address, port))
        except TimeoutError:
            return Answer.FILTERED
        except OSError as error:
            return _read_refusal(channel, error)
        return Answer.OPEN


def _read_refusal(channel: socket.socket, error: OSError) -> Answer:
    """A reset and an ICMP 'port unreachable' are one error; what queued it tells them apart (ip(7), IP_RECVERR)."""
    if error.errno == errno.ETIMEDOUT:
        return Answer.FILTERED
    if _came_by_icmp(channel):
        return Answer.REJECTED
    return Answer.REFUSED if error.errno in {errno.ECONNREFUSED, errno.ECONNRESET} else Answer.UNREACHABLE


def _came_by_icmp(channel: socket.socket) -> bool:
    try:
        _data, ancillary, _flags, _address = channel.recvmsg(0, 1024, socket.MSG_ERRQUEUE)
    except OSError:
        return False
    for _level, _type, data in ancillary:
        if len(data) >= _EXTENDED_ERROR.size and _EXTENDED_ERROR.unpack_from(data)[1] in _FROM_ICMP:
            return True
    return False
