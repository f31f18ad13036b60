"""Homes of desktops: kept ones by their key, fresh ones for one start. Paths here are the agent's alone (0700)."""

import asyncio
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError
from broker.model.ids import new_id
from pools.agent.removal import remove_tree
from pools.sandbox import HostAccount

_KEPT: Final = "persistent"
_FRESH: Final = "fresh"
_TRASH: Final = "trash"
_LOCK: Final = "agent.lock"


class Homes:
    """The homes below one folder. Only one agent may use it: the lock ends with the process."""

    def __init__(self, folder: Path, skeleton: Path | None) -> None:
        self._folder = folder
        self._skeleton = skeleton
        self._lock: int | None = None

    async def open(self) -> None:
        """Make the folders and remove what an earlier agent left of fresh homes.

        Raises :class:`ConfigurationError` when another agent uses them.
        """
        await asyncio.to_thread(self._prepare)
        for leftover in await asyncio.to_thread(self._leftovers):
            await self._wipe(leftover)

    def close(self) -> None:
        """Let another agent use the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def kept(self, home_key: str, account: HostAccount | None) -> Path:
        """The home that outlives desktops; made from the skeleton the first time."""
        home = self._folder / _KEPT / home_key
        await asyncio.to_thread(self._make, home, account)
        return home

    async def fresh(self, desktop_id: str, account: HostAccount | None) -> Path:
        """A new home; whatever an earlier start of this desktop left is removed first."""
        await self.remove_fresh(desktop_id)
        home = self._folder / _FRESH / desktop_id
        await asyncio.to_thread(self._make, home, account)
        return home

    async def remove_fresh(self, desktop_id: str) -> None:
        """Remove the fresh home of a desktop with all its content. Raises :class:`ProviderFault`."""
        await self._wipe(self._folder / _FRESH / desktop_id)

    def _prepare(self) -> None:
        try:
            for name in ("", _KEPT, _FRESH, _TRASH):
                folder = self._folder / name
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.chmod(0o700)
            self._lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"{self._folder}: another agent uses these homes") from error
        except OSError as error:
            raise ConfigurationError(f"{error.filename}: homes can't be kept there: {error.strerror}") from error

    def _leftovers(self) -> list[Path]:
        return [path for name in (_FRESH, _TRASH) for path in (self._folder / name).iterdir()]

    def _make(self, home: Path, account: HostAccount | None) -> None:
        """A half-made home is never seen under its name: it is made aside and moved."""
        if home.is_dir():
            return
        made = self._folder / _TRASH / new_id()
        if self._skeleton is None:
            made.mkdir(mode=0o700)
        else:
            shutil.copytree(self._skeleton, made, symlinks=True)
        made.chmod(0o700)
        if account is not None:
            for path in (made, *made.rglob("*")):
                os.chown(path, account.uid, account.gid, follow_symlinks=False)
        made.rename(home)

    async def _wipe(self, path: Path) -> None:
        """Out of sight by one rename, then gone."""
        trash = self._folder / _TRASH / new_id()
        try:
            await asyncio.to_thread(path.rename, trash)
        except FileNotFoundError:
            return
        await remove_tree(trash)
