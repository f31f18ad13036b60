"""A proxy as the agent holds it: started before its desktop, started again when it ends, ended after the desktop."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from broker.errors import ConfigurationError
from pools.egress.launching import command
from pools.egress.model import EgressOrder, Report
from pools.egress.rules import read_rules
from pools.sandbox.model import HostAccount

_log: Final = structlog.get_logger(__name__)
SOCKET_NAME: Final = "proxy.sock"
_AGAIN_S: Final = 1.0
_STOP_S: Final = 2.0


def read_order(order: EgressOrder) -> None:
    """Raises :class:`ConfigurationError` for an order that a proxy could not read."""
    try:
        read_rules(order)
    except ValueError as error:
        raise ConfigurationError(f"the way out of a virtual browser: {error}") from error


class EgressProcess:
    """The agent holds the listening socket: while a proxy that has ended is started again, the desktop waits."""

    def __init__(
        self,
        desktop_id: str,
        folder: Path,
        order: EgressOrder,
        tell: Callable[[Report], None],
        account: HostAccount | None = None,
    ) -> None:
        """``account``: the desktop's on the host, which alone may connect; ``None``: it runs as the agent's own."""
        self._desktop_id = desktop_id
        self._account = account
        self._folder = folder
        self._order = order
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Listen and keep a proxy running. Raises :class:`OSError`."""
        self._listener = _listen(self._folder, self._account)
        self._keeper = asyncio.create_task(self._keep(self._listener))

    async def set_destinations(self, destinations: tuple[str, ...]) -> None:
        """From now on these hold, also for a proxy that has to be started again. What is open ends.

        Raises :class:`ConfigurationError` for what can't be read; then the old ones go on.
        """
        order = msgspec.structs.replace(self._order, destinations=destinations)
        if order == self._order:
            return
        read_order(order)
        self._order = order
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(_line(order))
                await self._process.stdin.drain()

    async def close(self) -> None:
        """Nothing of it is left, and its last reports have been told."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()

    async def _keep(self, listener: socket.socket) -> None:
        while True:
            try:
                await self._run(listener)
            except OSError as error:
                _log.error("egress.not_started", desktop=self._desktop_id, fault=str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _run(self, listener: socket.socket) -> None:
        process = await asyncio.create_subprocess_exec(
            *command(listener.fileno()),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=(listener.fileno(),),
            cwd="/", env={"PATH": "/usr/bin:/bin"}, start_new_session=True,
        )  # fmt: skip
        self._process = process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 -- both are pipes
        reports = asyncio.create_task(self._hear(process.stdout))
        try:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(_line(self._order))
                await process.stdin.drain()
            code = await process.wait()
            _log.warning("egress.ended_by_itself", desktop=self._desktop_id, code=code)
        finally:
            await self._end(process)
            await reports

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """By the end of its input; after a while without asking."""
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _hear(self, output: asyncio.StreamReader) -> None:
        """The proxy reads what a desktop and strangers send: its own words are checked too."""
        try:
            while line := await output.readline():
                self._tell(msgspec.json.decode(line, type=Report))
        except (msgspec.DecodeError, ValueError) as error:
            _log.error("egress.not_understood", desktop=self._desktop_id, fault=str(error))


def _line(order: EgressOrder) -> bytes:
    return msgspec.json.encode(order) + b"\n"


def _listen(folder: Path, account: HostAccount | None) -> socket.socket:
    """A listening socket in ``folder`` for the desktop's account alone: the way out of one is no other account's.

    By descriptor: an address has 107 characters.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o711)
    (folder / SOCKET_NAME).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{handle}/{SOCKET_NAME}")
        (folder / SOCKET_NAME).chmod(0o600)
        if account is not None:
            os.chown(SOCKET_NAME, account.uid, account.gid, dir_fd=handle, follow_symlinks=False)
        listener.listen(64)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(handle)
    return listener
