"""The measuring tools, in C so that they are not what is measured: built here, and led by lines of text."""

import asyncio
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import msgspec

HERE: Final = Path(__file__).parent
_FLAGS: Final = ("-O2", "-Wall", "-Wextra", "-Werror")
_ANSWER_S: Final = 20.0


def build(folder: Path) -> None:
    """``source`` and ``load`` into ``folder``. Raises :class:`subprocess.CalledProcessError`."""
    for name in ("source", "load"):
        subprocess.run(["gcc", *_FLAGS, "-o", str(folder / name), str(HERE / f"{name}.c")], check=True)


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """The command on one processor."""
    return ["taskset", "-c", str(core), *command]


class Cores(msgspec.Struct, frozen=True):
    """Where the relay runs, and where all else does."""

    relay: int
    tools: int


def choose_cores() -> Cores:
    """Raises :class:`RuntimeError` on a machine with one processor: there relay and tools would share it."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("two processors are needed: one for the relay, one for the tools")
    return Cores(relay=cores[-1], tools=cores[0])


class Tool:
    """One of the tools, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, core: int, *command: str) -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                *pinned(core, command), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        )

    async def read_line(self) -> str:
        """Raises :class:`RuntimeError` when the tool has ended."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_ANSWER_S):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("a measuring tool ended early")
        return line.decode()

    def order(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def mark(self) -> dict[str, Any]:
        """The counters as they stand now."""
        self.order("mark")
        answer: dict[str, Any] = msgspec.json.decode(await self.read_line())
        return answer

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
