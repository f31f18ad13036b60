"""Events on their way to the broker: numbered, appended to a file, kept until the broker has them in its books.

The file begins with a line that names the epoch (the numbering) and the last acknowledged number; then one
event per line. A line that a crash cut short is dropped: its event was never sent.
"""

import asyncio
import os
import secrets
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from broker.errors import ConfigurationError
from broker.wire.messages import GatewayEvent

COMPACT_ABOVE_BYTES: Final = 262_144
_FILE: Final = "events.jsonl"

_log: Final = structlog.get_logger(__name__)
_encoder: Final = msgspec.json.Encoder()
_event_decoder: Final = msgspec.json.Decoder(GatewayEvent)


class SpoolHead(msgspec.Struct, frozen=True, kw_only=True):
    """First line of the file."""

    epoch: str
    acknowledged: int


_head_decoder: Final = msgspec.json.Decoder(SpoolHead)


class EventSpool:
    """One gateway's events. A process that is killed loses none; :meth:`sync` guards against a power cut."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`ConfigurationError` when the folder can't be used or its file is not a spool."""
        self._path = folder / _FILE
        self._waiting: deque[GatewayEvent] = deque()
        self.epoch = secrets.token_hex(8)
        self._acknowledged = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._path.exists():
                self._load()
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._rewrite()
        except OSError as error:
            raise ConfigurationError(f"{folder}: the event spool can't be used: {error.strerror}") from error

    def _load(self) -> None:
        head, _, body = self._path.read_bytes().partition(b"\n")
        if not head:
            return
        try:
            first = _head_decoder.decode(head)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"{self._path}: not an event spool; move it away") from error
        self.epoch, self._acknowledged = first.epoch, first.acknowledged
        for line in body.split(b"\n"):
            try:
                event = _event_decoder.decode(line)
            except msgspec.DecodeError:
                if line:
                    _log.warning("spool.line_dropped", bytes=len(line))
                continue
            if event.number > self._acknowledged:
                self._waiting.append(event)

    @property
    def next_number(self) -> int:
        return (self._waiting[-1].number if self._waiting else self._acknowledged) + 1

    def append(self, event: GatewayEvent) -> None:
        """Keep an event that carries :attr:`next_number`. With a full disk it is kept in memory alone."""
        self._waiting.append(event)
        try:
            os.write(self._file, _encoder.encode(event) + b"\n")
        except OSError as error:
            _log.error("spool.write_failed", fault=error.strerror, number=event.number)

    async def sync(self) -> None:
        """Bring what was appended onto the disk, in a thread: the disk may be slow."""
        try:
            # a copy, since the file may be replaced meanwhile
            handle = os.dup(self._file)
            try:
                await asyncio.to_thread(os.fdatasync, handle)
            finally:
                os.close(handle)
        except OSError as error:
            _log.error("spool.sync_failed", fault=error.strerror)

    def waiting(self) -> Sequence[GatewayEvent]:
        """Events that the broker has not acknowledged, oldest first."""
        return tuple(self._waiting)

    def acknowledge(self, number: int) -> None:
        """All events up to ``number`` are in the broker's books."""
        self._acknowledged = max(self._acknowledged, number)
        while self._waiting and self._waiting[0].number <= number:
            self._waiting.popleft()
        try:
            if not self._waiting or os.fstat(self._file).st_size > COMPACT_ABOVE_BYTES:
                self._rewrite()
        except OSError as error:
            _log.error("spool.write_failed", fault=error.strerror, number=number)

    def close(self) -> None:
        os.close(self._file)

    def _rewrite(self) -> None:
        """Replace the file by one without the acknowledged events, whole or not at all."""
        head = SpoolHead(epoch=self.epoch, acknowledged=self._acknowledged)
        lines = [_encoder.encode(head), *map(_encoder.encode, self._waiting), b""]
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            os.write(handle, b"\n".join(lines))
            os.fdatasync(handle)
            fresh.replace(self._path)
        except OSError:
            os.close(handle)
            raise
        os.close(self._file)
        self._file = handle
