"""What one desktop may use up of its host. Pure."""

from typing import Final

import msgspec

_MIB: Final = 1024 * 1024
FIRST_TO_GO: Final = ("choom", "--adjust", "500", "--")
"""The start of a command that the kernel ends first when the host runs out of memory (choom of util-linux). Set with
the right to manage resources, it can't be taken back from within."""


class SandboxLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of one desktop. Sizes in bytes."""

    processes: int = 1000
    """Processes and threads together; counted in the desktop's own user namespace, so never with a neighbour's."""
    open_files: int = 4096
    file_bytes: int = 2048 * _MIB
    """The largest single file."""
    data_bytes: int = 4096 * _MIB
    """What one process may allocate. (Its address space has no bound: browsers reserve far more than they use.)"""
    temporary_bytes: int = 512 * _MIB
    shared_memory_bytes: int = 512 * _MIB
    home_bytes: int = 0
    """A home in memory of this size, empty at first and gone with the desktop; 0: a folder of the host. The agent
    never puts a home that is kept there."""


def bounded(limits: SandboxLimits) -> list[str]:
    """The start of a command that runs under the limits (prlimit of util-linux), set inside of the sandbox: a limit
    can be lowered by anybody there and raised by nobody."""
    return [
        "prlimit", f"--nproc={limits.processes}",
        f"--nofile={limits.open_files}", f"--fsize={limits.file_bytes}", f"--data={limits.data_bytes}", "--core=0",
        "--memlock=65536", "--msgqueue=0", "--rtprio=0", "--nice=0", "--",
    ]  # fmt: skip
