"""The command line of a proxy: in bubblewrap over the host's network, without an account and without files."""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Final

import broker
import pools
from pools.sandbox import HostAccount, enter

# The account of proxies on the host when the agent is root; below guacd's number and those of desktops.
ACCOUNT: Final = HostAccount(61182, 61182)
_CODE: Final = "/app"
_RESOLVING: Final = ("/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/gai.conf")
_UID: Final = "1000"
_TASKS: Final = 64
_DATA_BYTES: Final = 512 * 1024 * 1024
_OPEN_FILES: Final = 1024


def command(listener: int) -> list[str]:
    """What runs ``python -m pools.egress`` on the inherited ``listener``.

    It has the host's network, since it is the desktop's way out, and sees of the host only the system's programs,
    its own code and what resolves names.
    """
    folders = {
        "broker": Path(broker.__path__[0]),
        "pools": Path(pools.__path__[0]),
        "packages": Path(sysconfig.get_path("purelib")),
    }
    entry = enter(ACCOUNT if os.geteuid() == 0 else None, folders)
    return [
        *entry.arguments, "bwrap", *_isolation(), *_root(),
        *(part for name, path in entry.folders.items() for part in ("--ro-bind", path, f"{_CODE}/{name}")),
        "--remount-ro", "/", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8",
        "--setenv", "PYTHONPATH", f"{_CODE}:{_CODE}/packages", "--",
        "prlimit", f"--nproc={_TASKS}", f"--data={_DATA_BYTES}", f"--nofile={_OPEN_FILES}", "--core=0", "--fsize=0",
        "--", str(Path(sys.executable).resolve()), "-s", "-B", "-m", "pools.egress", str(listener),
    ]  # fmt: skip


def _isolation() -> list[str]:
    return [
        "--die-with-parent", "--new-session", "--clearenv", "--unshare-user", "--disable-userns", "--unshare-pid",
        "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL", "--uid", _UID, "--gid", _UID,
        "--hostname", "egress",
    ]  # fmt: skip


def _root() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64"):
        arguments += ["--symlink", f"usr/{name}", f"/{name}"]
    for path in ("/etc/ld.so.cache", *_RESOLVING):
        arguments += ["--ro-bind-try", path, path]
    return [*arguments, "--proc", "/proc", "--dev", "/dev"]
