"""One connection to one guacd: an asyncio protocol without a queue or a task between socket and filter."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec
import structlog

from broker.model.reasons import EndReason
from broker.wire.service_tls import verifying_context
from gateway.errors import ProtocolViolation
from gateway.handshake import Established, Failed, Handshake, Send
from gateway.protocol import InstructionReader

WRITE_HIGH_BYTES: Final = 65_536
WRITE_LOW_BYTES: Final = 16_384
_GOODBYE_S: Final = 2.0
_UNIX_PREFIX: Final = "unix:"
TLS_PREFIX: Final = "tls:"

_log: Final = structlog.get_logger(__name__)


class GuacdConnection(asyncio.Protocol):
    """Bytes from guacd go to :attr:`on_data` in the callback that read them; its end to :attr:`on_lost`."""

    def __init__(self) -> None:
        self.on_data: Callable[[bytes], None] = lambda _data: None
        self.on_lost: Callable[[], None] = lambda: None
        self.is_lost = False
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(WRITE_HIGH_BYTES, WRITE_LOW_BYTES)

    def data_received(self, data: bytes) -> None:
        self.on_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - named by asyncio
        self.is_lost = True
        self._writable.set()
        self.on_lost()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # --- for the relay

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self.is_lost:
            self._transport.write(data)

    @property
    def is_congested(self) -> bool:
        """guacd does not read what we send."""
        return not self._writable.is_set()

    async def wait_writable(self) -> None:
        await self._writable.wait()

    def buffered_bytes(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def pause_reading(self) -> None:
        if self._transport is not None and not self.is_lost:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self.is_lost:
            self._transport.resume_reading()

    def say_goodbye(self) -> None:
        """End our part: ``disconnect``, then the socket as soon as that is sent."""
        if self._transport is not None and not self.is_lost:
            self._transport.write(b"10.disconnect;")
            self._transport.close()
            asyncio.get_running_loop().call_later(_GOODBYE_S, self._transport.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Opened(msgspec.Struct, frozen=True):
    """A guacd that has taken the connection. Its reading is paused; ``rest`` is to be shown first."""

    connection: GuacdConnection
    address: str
    connection_id: str
    announced: frozenset[str]
    rest: bytes


class GuacdDialler:
    """Connects to guacd: ``host:port``, ``tls:host:port`` or ``unix:<path>``."""

    def __init__(self, authority: Path | None) -> None:
        """Raises :class:`broker.errors.ConfigurationError` when the authority's certificate can't be used."""
        self._context = verifying_context(authority) if authority is not None else None

    async def dial(self, address: str) -> GuacdConnection:
        """Raises :class:`OSError`, also for a server that the authority does not vouch for under that host."""
        loop = asyncio.get_running_loop()
        if address.startswith(_UNIX_PREFIX):
            _, connection = await loop.create_unix_connection(GuacdConnection, address.removeprefix(_UNIX_PREFIX))
            return connection
        context = None
        if address.startswith(TLS_PREFIX):
            if self._context is None:
                raise ConnectionRefusedError(f"{address}: there is no authority to judge it by")
            context = self._context
        host, _, port = address.removeprefix(TLS_PREFIX).rpartition(":")
        _, connection = await loop.create_connection(GuacdConnection, host.strip("[]"), int(port), ssl=context)
        return connection


async def open_guacd(
    addresses: Sequence[str], dialler: GuacdDialler, new_handshake: Callable[[], Handshake], timeout_s: float
) -> Opened | Failed:
    """Dial the first address that answers and go through the handshake, all within ``timeout_s``."""
    try:
        async with asyncio.timeout(timeout_s):
            for address in addresses:
                try:
                    connection = await dialler.dial(address)
                except ssl.SSLError as fault:
                    _log.error("guacd.not_trusted", address=address, fault=str(fault))
                    continue
                except OSError:
                    continue
                return await _shake_hands(connection, address, new_handshake())
    except TimeoutError:
        return Failed(EndReason.GUACD_UNREACHABLE)
    return Failed(EndReason.GUACD_UNREACHABLE)


async def _shake_hands(connection: GuacdConnection, address: str, handshake: Handshake) -> Opened | Failed:
    """Runs the handshake in the callbacks of the connection, which is aborted unless it comes to a good end."""
    outcome: asyncio.Future[Established | Failed] = asyncio.get_running_loop().create_future()
    reader = InstructionReader()

    def settle(result: Established | Failed) -> None:
        if not outcome.done():
            connection.pause_reading()
            outcome.set_result(result)

    def receive(data: bytes) -> None:
        reader.feed(data)
        result = None if outcome.done() else _advance(reader, handshake, connection)
        if result is not None:
            settle(result)

    connection.on_data = receive
    connection.on_lost = lambda: settle(Failed(EndReason.GUACD_CLOSED))
    is_kept = False
    try:
        connection.write(handshake.open())
        result = await outcome
        if isinstance(result, Failed):
            return result
        is_kept = True
        rest = handshake.first_size() + reader.take_rest()
        return Opened(connection, address, result.connection_id, result.announced, rest)
    finally:
        if not is_kept:
            connection.abort()


def _advance(
    reader: InstructionReader, handshake: Handshake, connection: GuacdConnection
) -> Established | Failed | None:
    """Answer what has come in so far; a result ends the handshake."""
    try:
        while (elements := reader.next()) is not None:
            match handshake.receive(elements):
                case Send(data=answer):
                    connection.write(answer)
                case Established() | Failed() as result:
                    return result
                case None:
                    pass
    except ProtocolViolation:
        return Failed(EndReason.GUACD_MISBEHAVED)
    return None
