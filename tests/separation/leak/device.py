"""The device of a member of staff: a real Chromium with a profile that stays, and every folder that it may write."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
from playwright.async_api import BrowserContext, Error, Playwright, async_playwright

from tests.fakes.waiting import until
from tests.flows.conftest import CHROMIUM, FLAGS
from tests.separation.leak.traces import processes_with

# Playwright switches off what a member of staff's browser has: pages kept in the history, crash reports.
_NOT_AS_AT_WORK: Final = [
    "--disable-back-forward-cache", "--disable-dev-shm-usage", "--disable-breakpad", "--disable-extensions",
    "--disable-component-extensions-with-background-pages", "--password-store=basic",
]  # fmt: skip
_SHARED_MEMORY: Final = Path("/dev/shm")


class Device:
    """Its folders, and the browser that is running on it, if any."""

    def __init__(self, folder: Path, playwright: Playwright) -> None:
        self.home = folder
        self.profile = folder / "profile"
        self.downloads = folder / "downloads"
        self.temporary = folder / "tmp"
        for path in (self.profile, self.downloads, self.temporary):
            path.mkdir(parents=True)
        self._playwright = playwright
        self._shared_before = {path.name for path in _SHARED_MEMORY.iterdir()}
        self.context: BrowserContext | None = None

    async def start(self, *arguments: str) -> BrowserContext:
        self.context = await self._playwright.chromium.launch_persistent_context(
            self.profile,
            executable_path=CHROMIUM,
            args=[*FLAGS, *arguments],
            ignore_default_args=_NOT_AS_AT_WORK,
            downloads_path=self.downloads,
            accept_downloads=True,
            locale="ja-JP",
            viewport={"width": 1280, "height": 800},
            env={
                **os.environ, "HOME": str(self.home), "TMPDIR": str(self.temporary),
                "XDG_CACHE_HOME": str(self.home / "cache"), "XDG_CONFIG_HOME": str(self.home / "config"),
            },
        )  # fmt: skip
        return self.context

    async def close(self) -> None:
        """As a person does."""
        if self.context is not None:
            with suppress(Error):
                await self.context.close()
        self.context = None
        await self._wait_gone()

    async def kill(self) -> None:
        """As when the device loses power: nothing is put in order."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self.close()

    def pids(self) -> list[int]:
        return [pid for pid in processes_with(str(self.profile)) if pid != os.getpid()]

    def folders(self) -> list[Path]:
        """Everything on the device's disks that this browser writes."""
        return [self.home]

    def left_in_shared_memory(self) -> list[Path]:
        """Files under /dev/shm that came since the device was set up."""
        return [path for path in _SHARED_MEMORY.iterdir() if path.name not in self._shared_before and _is_ours(path)]

    async def _wait_gone(self) -> None:
        await until(lambda: not self.pids(), 20, "the browser's processes are gone")


def _is_ours(path: Path) -> bool:
    """Chromium's, and not held by another browser that is still running."""
    if "chromium" not in path.name.lower():
        return False
    holders = (process.open_files() for process in psutil.process_iter() if process.pid != os.getpid())
    with suppress(psutil.Error):
        return not any(str(path) == file.path for files in holders for file in files)
    return True


@asynccontextmanager
async def new_device() -> AsyncIterator[Device]:
    """Its folder has a short name: the browser puts a Unix socket below it."""
    async with async_playwright() as playwright:
        with tempfile.TemporaryDirectory(prefix="pc") as folder:
            device = Device(Path(folder), playwright)
            try:
                yield device
            finally:
                await device.close()
