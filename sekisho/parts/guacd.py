"""guacd, the renderer: the command line that runs it in bubblewrap over an extracted root, for one zone."""

import os
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from pools.sandbox import HostAccount, enter

DESKTOPS_DIR: Final = "/desktops"
_PROGRAM: Final = "usr/sbin/guacd"
_ROOT_FOLDERS: Final = ("usr", "lib", "lib64", "etc")
_UID: Final = "1000"
# The account of guacd on the host when the supervisor is root. It lies below the numbers that desktops get.
_HOST_ACCOUNT: Final = HostAccount(61183, 61183)


class GuacdSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One guacd. ``desktops_dir`` holds the folders with the sockets of one zone's desktops, and of no other."""

    root: Path
    port: int
    desktops_dir: Path
    log_level: str = "info"


def prepare(settings: GuacdSettings) -> None:
    """Make the zone's folder. Raises :class:`ConfigurationError` when there is no guacd in ``root``.

    Its own mode lets guacd pass; who may come near it is decided by the mode of the folder above, which is made
    for the supervisor alone.
    """
    if not (settings.root / _PROGRAM).is_file():
        raise ConfigurationError(f"no guacd in {settings.root}: run: make setup")
    settings.desktops_dir.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.desktops_dir.mkdir(exist_ok=True)
    settings.desktops_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)


def command(settings: GuacdSettings) -> list[str]:
    """The command line of guacd, in the foreground, listening on the loopback ``port``.

    It shares the host's network (it is reached by TCP), sees no other process, cannot write to its root, and
    its pid namespace takes the children that it forks along when it ends. A desktop's ``hostname`` for guacd is
    :func:`socket_hostname`.
    """
    folders = {"root": settings.root, "desktops": settings.desktops_dir}
    entry = enter(_HOST_ACCOUNT if os.geteuid() == 0 else None, folders)
    return [
        *entry.arguments, *_sandbox(entry.folders["root"], entry.folders["desktops"]), "--", f"/{_PROGRAM}", "-f",
        "-b", "127.0.0.1", "-l", str(settings.port), "-L", settings.log_level,
    ]  # fmt: skip


def socket_hostname(desktop_id: str) -> str:
    """What guacd takes as ``hostname`` of a local desktop: libvncclient connects to a path as a Unix socket."""
    return f"{DESKTOPS_DIR}/{desktop_id}/vnc.sock"


def _sandbox(root: str, desktops: str) -> list[str]:
    folders = [part for name in _ROOT_FOLDERS for part in ("--ro-bind", f"{root}/{name}", f"/{name}")]
    return [
        "bwrap", "--die-with-parent", "--new-session", "--clearenv",
        "--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--uid", _UID, "--gid", _UID, "--cap-drop", "ALL", "--hostname", "guacd", *folders,
        "--ro-bind", desktops, DESKTOPS_DIR, "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var/tmp",  # noqa: S108 -- its own, not the host's
        "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",  # noqa: S108 -- as above
        "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin",
    ]  # fmt: skip
