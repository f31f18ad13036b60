"""One broker's keys while it runs: a changed file is taken up without a restart, and the others are told."""

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from broker.errors import ConfigurationError
from broker.key_file import read_keys
from broker.model.ids import new_id
from broker.model.sealing import KeyHolder
from broker.ports import Store, Transaction
from broker.secret import SealingKey

HEARD_WITHIN: Final = timedelta(seconds=30)
"""A broker that told nothing for so long does not run."""
_TOLD_EVERY: Final = timedelta(seconds=8)
_log = structlog.stdlib.get_logger()


class KeyWatch:
    """To be looked at every second or two."""

    def __init__(self, store: Store, sealing: SealingKey, path: Path) -> None:
        self._store = store
        self._sealing = sealing
        self._path = path
        self._node = new_id()
        self._label = f"{socket.gethostname()}:{os.getpid()}"
        self._seen = _stamp(path)
        self._told: tuple[tuple[str, ...], str] | None = None
        self._told_at: datetime | None = None

    async def begin(self) -> None:
        """Before anybody is let in. Raises :class:`ConfigurationError` when the key in use is not in the file."""
        async with self._store.read() as tx:
            in_use = await tx.sealing.key_in_use()
        if in_use is not None:
            self._sealing.seal_by(in_use.key)
        await self.look()

    async def look(self) -> None:
        self._read_file()
        async with self._store.read() as tx:
            in_use, now = await tx.sealing.key_in_use(), tx.now
        if in_use is not None and in_use.key != self._sealing.seals_by:
            try:
                self._sealing.seal_by(in_use.key)
            except ConfigurationError as error:
                _log.error("sealing_key.missing", fault=str(error))
        news = (self._sealing.ids, self._sealing.seals_by)
        if news != self._told or self._told_at is None or now - self._told_at >= _TOLD_EVERY:
            async with self._store.write() as tx:
                await self._tell(tx)
            self._told, self._told_at = news, now

    async def end(self) -> None:
        """This broker stops: nobody has to wait for it."""
        async with self._store.write() as tx:
            await tx.sealing.remove_holder(self._node)

    def _read_file(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        try:
            held = read_keys(self._path)
        except ConfigurationError as error:
            _log.error("sealing_key.unreadable", fault=str(error))
            return
        self._sealing.take(held)
        self._seen = stamp
        _log.info("sealing_key.read", keys=list(held.keys))

    async def _tell(self, tx: Transaction) -> None:
        await tx.sealing.put_holder(
            KeyHolder(
                node=self._node,
                label=self._label,
                keys=self._sealing.ids,
                seals_by=self._sealing.seals_by,
                seen_at=tx.now,
            )
        )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
