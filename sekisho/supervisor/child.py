"""What the supervisor needs to know of one process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

ReadyCheck = Callable[[], Awaitable[bool]]


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One process: how it starts, when it is ready, and what its absence means.

    ``guard_by_stdin``: the process ends when its standard input reaches its end; for parts that leave the
    supervisor's credentials behind, where a parent-death signal would not reach.
    ``is_optional``: when it can't be started, the others go on and say so.
    """

    name: str
    label: str
    command: list[str]
    is_ready: ReadyCheck
    ready_deadline_s: float = 30.0
    stop_grace_s: float = 8.0
    environment: Mapping[str, str] = {}
    working_dir: Path | None = None
    guard_by_stdin: bool = False
    is_optional: bool = False


def launch_command(spec: ChildSpec) -> list[str]:
    """The command under ``setpriv --pdeathsig`` (util-linux), so that it dies with the supervisor even on SIGKILL."""
    if spec.guard_by_stdin:
        return spec.command
    return ["setpriv", "--pdeathsig", "KILL", "--", *spec.command]


async def is_tcp_open(host: str, port: int) -> bool:
    """Whether something accepts a connection there."""
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def is_unix_open(path: Path) -> bool:
    """Whether something accepts a connection on this socket."""
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_unix_connection(str(path))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
