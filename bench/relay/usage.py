"""What processes have used, by the kernel's own books (proc(5)): a relay may be a whole tree of them."""

from collections.abc import Iterator
from pathlib import Path

import psutil


def cpu_us(pid: int) -> float:
    """Microseconds on a processor of a process with all that it has begun, to the nanosecond (``schedstat``)."""
    return sum(_own_cpu_ns(each) for each in _tree(pid)) / 1000


def memory_kb(pid: int) -> float:
    """Memory that is the tree's own or its share of what is shared (proportional set size)."""
    total = 0
    for process in _tree(pid):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1024


def _tree(pid: int) -> Iterator[psutil.Process]:
    try:
        root = psutil.Process(pid)
        yield root
        yield from root.children(recursive=True)
    except psutil.NoSuchProcess:
        return


def _own_cpu_ns(process: psutil.Process) -> int:
    total = 0
    try:
        for thread in process.threads():
            books = Path(f"/proc/{process.pid}/task/{thread.id}/schedstat").read_text("ascii")
            total += int(books.split()[0])
    except (OSError, psutil.NoSuchProcess):
        return total
    return total
