"""Start and stop a sandboxed desktop, and know whether it lives."""

import asyncio
import contextlib
import os
from typing import Final

from pools.sandbox.command import command
from pools.sandbox.files import obfuscate_password, open_fds, prepare_folders, publish_socket, remove_socket
from pools.sandbox.model import SOCKET_NAME, DesktopSandbox, RunningDesktop, StartFailed, StartFailure

_BANNER_START: Final = b"RFB 003."
_BANNER_BYTES: Final = 12  # RFC 6143 section 7.1.1: "RFB xxx.yyy\n"
_POLL_S: Final = 0.02
_PIPE_BYTES: Final = 4096
_LOG_TAIL_BYTES: Final = 600


async def start(sandbox: DesktopSandbox, *, deadline_s: float) -> RunningDesktop | StartFailed:
    """Start the desktop and return as soon as its VNC server greets on the socket (RFC 6143 section 7.1.1)."""
    prepare_folders(sandbox)
    try:
        running = await _launch(sandbox)
    except FileNotFoundError as error:
        return StartFailed(StartFailure.PARTS_MISSING, str(error.filename))
    answered = False
    try:
        async with asyncio.timeout(deadline_s):
            answered = await _wait_for_banner(running)
        if answered:
            return running
        return StartFailed(StartFailure.ENDED_EARLY, _log_tail(sandbox))
    except TimeoutError:
        return StartFailed(StartFailure.TOO_SLOW, _log_tail(sandbox))
    finally:
        if not answered:
            await stop(running, grace_s=0)


async def stop(running: RunningDesktop, *, grace_s: float) -> None:
    """End the desktop and every process in it, and remove its socket.

    The session is asked first (its input closes, the X server ends and programs see it go); after ``grace_s``
    seconds the sandbox is killed. Returns when nothing of it is left.
    """
    process = running.process
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(grace_s):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    await asyncio.shield(running.gone)
    remove_socket(running.sandbox)


def is_running(running: RunningDesktop) -> bool:
    return running.process.returncode is None


async def _launch(sandbox: DesktopSandbox) -> RunningDesktop:
    made = await obfuscate_password(sandbox.password)
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        with open_fds(sandbox, made, writing) as fds, sandbox.log_file.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command(sandbox, fds),
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, pass_fds=fds.numbers(),
                cwd="/", env={"PATH": "/usr/bin:/bin"}, start_new_session=True,
            )  # fmt: skip
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return RunningDesktop(sandbox=sandbox, process=process, gone=_watch(reading))


def _watch(number: int) -> asyncio.Future[None]:
    """A future that is done when the pipe's other end has been closed by everybody; closes our end then."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()

    def look() -> None:
        if os.read(number, _PIPE_BYTES):
            return
        loop.remove_reader(number)
        os.close(number)
        if not gone.done():
            gone.set_result(None)

    loop.add_reader(number, look)
    return gone


async def _wait_for_banner(running: RunningDesktop) -> bool:
    """True when the server has greeted, False when the sandbox ended first."""
    while is_running(running):
        if await _has_banner(running.sandbox):
            return True
        await asyncio.sleep(_POLL_S)
    return False


async def _has_banner(sandbox: DesktopSandbox) -> bool:
    """A desktop can write into its own folder what it likes: only a socket is given a name that others use.

    The folder is reached by descriptor: an address of a Unix socket has room for 107 characters (unix(7)), a
    site's path may be longer.
    """
    try:
        if not publish_socket(sandbox):
            return False
        folder = os.open(sandbox.socket_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return await _greets(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
    except OSError:
        return False
    finally:
        os.close(folder)


async def _greets(path: str) -> bool:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        return (await reader.readexactly(_BANNER_BYTES)).startswith(_BANNER_START)
    except asyncio.IncompleteReadError:
        return False
    finally:
        writer.close()


def _log_tail(sandbox: DesktopSandbox) -> str:
    try:
        return sandbox.log_file.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
    except OSError as error:
        return f"no log: {error.strerror}"
