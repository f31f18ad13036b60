"""Folders of the desktops' sockets: one per zone, which its guacd sees, and below it one per desktop."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError
from pools.agent.paths import check_socket_path, socket_folder
from pools.agent.removal import remove_tree

_EGRESS: Final = ".egress"  # no zone has such a name


class Sockets:
    """Nobody but the agent (and root) passes ``folder``; guacd is given its zone's folder by descriptor."""

    def __init__(self, folder: Path, zones: Iterable[str]) -> None:
        self._folder = folder.resolve()
        self.zones: Final = frozenset(zones)

    async def open(self) -> None:
        """Make the folders and remove what an earlier agent left in them. Raises :class:`ConfigurationError`."""
        for leftover in await asyncio.to_thread(self._prepare):
            await remove_tree(leftover)

    def folder_of(self, zone_id: str, desktop_id: str) -> Path:
        """Where the desktop's socket appears. Raises :class:`ConfigurationError` when its path is too long."""
        check_socket_path(self._folder, zone_id, desktop_id)
        return socket_folder(self._folder, zone_id, desktop_id)

    def egress_folder_of(self, desktop_id: str) -> Path:
        """Where the way out of a virtual browser is offered: beside the zones' folders, which guacd sees."""
        return self._folder / _EGRESS / desktop_id

    async def remove(self, zone_id: str, desktop_id: str) -> None:
        """Nothing is left of a desktop's socket."""
        await remove_tree(socket_folder(self._folder, zone_id, desktop_id))
        await remove_tree(self.egress_folder_of(desktop_id))

    def _prepare(self) -> list[Path]:
        """The zones' own folders stay the same ones: guacd holds them."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            egress = self._folder / _EGRESS
            egress.mkdir(exist_ok=True, mode=0o711)
            leftovers = list(egress.iterdir())
            for zone_id in self.zones:
                zone = self._folder / zone_id
                zone.mkdir(exist_ok=True)
                zone.chmod(0o711 if os.geteuid() == 0 else 0o700)
                leftovers += zone.iterdir()
            return leftovers
        except OSError as error:
            raise ConfigurationError(f"{error.filename}: sockets can't be kept there: {error.strerror}") from error
