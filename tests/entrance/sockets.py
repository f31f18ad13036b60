"""Which of this process' own connections to the entrances are still open: TLS says goodbye in its own time."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from tests.entrance.site import HOSTS


def _own_inodes() -> Iterator[str]:
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)  # noqa: PTH115 -- the target is no path
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target.removeprefix("socket:[").removesuffix("]")


def count_open() -> int:
    """Sockets of ours whose other end is a proxy (proc(5), /proc/net/tcp)."""
    hosts = {socket.inet_aton(host)[::-1].hex().upper() for host in HOSTS.values()}
    inodes = set(_own_inodes())
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(row[2].partition(":")[0] in hosts and row[9] in inodes for row in rows)
