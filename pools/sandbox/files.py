"""Folders of a sandbox on the host, and its small files that live in memory alone."""

import asyncio
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from broker.secret import Secret
from pools.sandbox.browser import policies
from pools.sandbox.command import SandboxFds
from pools.sandbox.model import SOCKET_NAME, DesktopSandbox

_FORWARD: Final = Path(__file__).with_name("forward.py")


@contextmanager
def open_fds(sandbox: DesktopSandbox, obfuscated_password: bytes, alive: int) -> Generator[SandboxFds]:
    """Open what :func:`pools.sandbox.command.command` names; everything is closed again on leaving."""
    opened: list[int] = []

    def memory(name: str, content: bytes) -> int:
        number = os.memfd_create(name)
        opened.append(number)
        os.write(number, content)
        os.lseek(number, 0, os.SEEK_SET)
        return number

    user, name = sandbox.user, sandbox.desktop_id
    try:
        yield SandboxFds(
            password=memory("password", obfuscated_password),
            passwd=memory("passwd", f"{user}:x:1000:1000:{user}:/home/{user}:/bin/bash\n".encode()),
            group=memory("group", f"{user}:x:1000:\n".encode()),
            hosts=memory("hosts", f"127.0.0.1 localhost {name}\n".encode()),
            machine_id=memory("machine-id", hashlib.sha256(name.encode()).hexdigest()[:32].encode() + b"\n"),
            policies=memory("policies", policies(sandbox.browser) if sandbox.browser else b""),
            forward=memory("forward", _FORWARD.read_bytes() if sandbox.browser else b""),
            alive=alive,
        )
    finally:
        for number in opened:
            os.close(number)


def prepare_folders(sandbox: DesktopSandbox) -> None:
    """Make the home and the socket's folders, give the desktop's account what is its own, clear away old sockets."""
    account = sandbox.host_account
    for path, mode in (
        (sandbox.home_dir, 0o700),
        (sandbox.socket_dir, 0o700 if account is None else 0o711),
        (sandbox.own_dir, 0o700),
    ):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(mode)
        if account is not None and path != sandbox.socket_dir:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    remove_socket(sandbox)
    (sandbox.own_dir / SOCKET_NAME).unlink(missing_ok=True)


def remove_socket(sandbox: DesktopSandbox) -> None:
    """Nobody finds the desktop any more."""
    sandbox.socket_path.unlink(missing_ok=True)


def publish_socket(sandbox: DesktopSandbox) -> bool:
    """Give the desktop's socket its name in the folder that guacd sees; False while there is none.

    The name is a second one of the very socket (link(2)): what the desktop puts in its own folder later changes
    nothing here, and what is no socket (a link to somewhere else, say) never gets a name here.
    """
    staged = sandbox.socket_dir / ".staged"
    staged.unlink(missing_ok=True)
    try:
        os.link(sandbox.own_dir / SOCKET_NAME, staged, follow_symlinks=False)
    except OSError:
        return False  # nothing yet, or a folder
    if not stat.S_ISSOCK(staged.lstat().st_mode):
        staged.unlink()
        return False
    staged.rename(sandbox.socket_path)
    # rename(2) does nothing when both names are one socket already.
    staged.unlink(missing_ok=True)
    return True


async def obfuscate_password(password: Secret) -> bytes:
    """The eight bytes that Xvnc reads from its PasswordFile, made by ``vncpasswd -f`` over pipes.

    Raises :class:`FileNotFoundError` when TigerVNC's tools are missing.
    """
    process = await asyncio.create_subprocess_exec(
        "vncpasswd", "-f",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    made, _ = await process.communicate(password.reveal().encode() + b"\n")
    return made
