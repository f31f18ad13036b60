"""Does a host speak RDP or VNC? The first exchange of the protocol itself, not a mere open port."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.kinds import DesktopProtocol

_TPKT_HEADER: Final = struct.Struct(">BBH")  # RFC 1006 section 6: version, reserved, length
_TPKT_VERSION: Final = 3
_MAX_TPKT_BYTES: Final = 512
_X224_REQUEST: Final = 0xE0  # X.224 section 13.3: connection request
_X224_CONFIRM: Final = 0xD0  # X.224 section 13.4: connection confirm
# MS-RDPBCGR 2.2.1.1.1 RDP Negotiation Request: type 1, no flags, 8 bytes, TLS (1) and CredSSP (2) offered.
_NEGOTIATION: Final = struct.pack("<BBHI", 1, 0, 8, 3)
_RFB_VERSION_BYTES: Final = 12  # RFC 6143 section 7.1.1: "RFB xxx.yyy\n"


class Speaks(msgspec.Struct, frozen=True):
    """The host answered in the protocol."""


class Silent(msgspec.Struct, frozen=True):
    """It did not; ``fault`` is in plain words for the IT desk."""

    fault: str


async def probe(protocol: DesktopProtocol, host: str, port: int, *, deadline_s: float) -> Speaks | Silent:
    """Connect by TCP and wait for the protocol's first words; at most ``deadline_s``."""
    where = f"{host}:{port}"
    try:
        async with asyncio.timeout(deadline_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                is_spoken = await _EXCHANGES[protocol](reader, writer)
            finally:
                writer.close()
    except TimeoutError:
        return Silent(f"{where} did not answer within {deadline_s:g} s")
    except asyncio.IncompleteReadError:
        return Silent(f"{where} closed the connection before it spoke {protocol.upper()}")
    except (OSError, UnicodeError) as error:
        return Silent(f"{where} can't be reached: {getattr(error, 'strerror', None) or type(error).__name__}")
    return Speaks() if is_spoken else Silent(f"{where} answers, but not in {protocol.upper()}")


async def _speaks_rdp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """X.224 connection request and confirm (MS-RDPBCGR 1.3.1.1). A refusal to negotiate is RDP as well."""
    request = struct.pack(">BBHHB", 6 + len(_NEGOTIATION), _X224_REQUEST, 0, 0, 0) + _NEGOTIATION
    writer.write(_TPKT_HEADER.pack(_TPKT_VERSION, 0, _TPKT_HEADER.size + len(request)) + request)
    version, _, length = _TPKT_HEADER.unpack(await reader.readexactly(_TPKT_HEADER.size))
    if version != _TPKT_VERSION or not 7 + _TPKT_HEADER.size <= length <= _MAX_TPKT_BYTES:
        return False
    confirm = await reader.readexactly(length - _TPKT_HEADER.size)
    return confirm[0] == len(confirm) - 1 and confirm[1] & 0xF0 == _X224_CONFIRM


async def _speaks_vnc(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> bool:
    """The server's protocol version (RFC 6143 section 7.1.1)."""
    banner = await reader.readexactly(_RFB_VERSION_BYTES)
    return banner.startswith(b"RFB ") and banner[7:8] == b"." and banner.endswith(b"\n")


_Exchange = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
_EXCHANGES: Final[Mapping[DesktopProtocol, _Exchange]] = MappingProxyType(
    {DesktopProtocol.RDP: _speaks_rdp, DesktopProtocol.VNC: _speaks_vnc}
)
