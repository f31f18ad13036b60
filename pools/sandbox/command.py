"""The bubblewrap command line of a desktop. Pure: it opens nothing and reads nothing of the host."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from pools.sandbox.account import enter
from pools.sandbox.model import DesktopSandbox

IMAGE: Final = Path(__file__).parent / "image"
IMAGE_DIR: Final = "/opt/desktop"
LOCALE_DIR: Final = "/opt/locale"
RUN_DIR: Final = "/run/desktop"
SESSION: Final = (f"{IMAGE_DIR}/desktop.sh",)
_UID: Final = "1000"
_TMP_BYTES: Final = str(512 * 1024 * 1024)

# The only parts of the host's /etc and /var that a desktop sees: no account, no address, no key is among them.
_SHARED: Final = (
    "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime", "/etc/X11", "/etc/xdg/libfm",
    "/etc/xdg/menus", "/etc/xdg/pcmanfm", "/var/cache/fontconfig",
)  # fmt: skip


class SandboxFds(msgspec.Struct, frozen=True, kw_only=True):
    """Open descriptors that bubblewrap inherits: files that exist nowhere on the host, and the sign of life."""

    password: int
    passwd: int
    group: int
    hosts: int
    machine_id: int
    alive: int

    def numbers(self) -> tuple[int, ...]:
        return tuple(msgspec.structs.astuple(self))


def command(sandbox: DesktopSandbox, fds: SandboxFds, program: Sequence[str] = SESSION) -> list[str]:
    """The whole command line that runs ``program`` (the desktop's session) in the sandbox."""
    entry = enter(
        sandbox.host_account,
        {"home": sandbox.home_dir, "socket": sandbox.socket_dir, "image": IMAGE, "locale": sandbox.locale_dir},
    )
    return [
        *entry.arguments, "bwrap", *_isolation(sandbox), *_root(), *_own_files(fds),
        *_folders(sandbox, entry.folders), *_environment(sandbox), "--", *program,
    ]  # fmt: skip


def _isolation(sandbox: DesktopSandbox) -> list[str]:
    """No network but an own lo, no host process in sight, no further namespace to climb into, no capability."""
    return [
        "--die-with-parent", "--new-session", "--clearenv", "--unshare-user", "--disable-userns", "--unshare-pid",
        "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL",
        "--uid", _UID, "--gid", _UID, "--hostname", sandbox.desktop_id,
    ]  # fmt: skip


def _root() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr", "--tmpfs", "/usr/local"]
    for name in ("bin", "sbin", "lib", "lib64"):
        arguments += ["--symlink", f"usr/{name}", f"/{name}"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", _TMP_BYTES, "--tmpfs", "/tmp"]  # noqa: S108 -- the sandbox's own
    arguments += ["--perms", "1777", "--dir", "/tmp/.X11-unix", "--tmpfs", "/run"]  # noqa: S108 -- as above
    arguments += ["--perms", "0700", "--dir", f"/run/user/{_UID}"]
    for path in _SHARED:
        arguments += ["--ro-bind-try", path, path]
    return arguments


def _own_files(fds: SandboxFds) -> list[str]:
    arguments: list[str] = []
    for number, path in (
        (fds.passwd, "/etc/passwd"),
        (fds.group, "/etc/group"),
        (fds.hosts, "/etc/hosts"),
        (fds.machine_id, "/etc/machine-id"),
    ):
        arguments += ["--perms", "0444", "--ro-bind-data", str(number), path]
    return [
        *arguments,
        "--perms", "0400", "--ro-bind-data", str(fds.password), f"{RUN_DIR}/vnc.password",
        "--sync-fd", str(fds.alive),
    ]  # fmt: skip


def _folders(sandbox: DesktopSandbox, where: Mapping[str, str]) -> list[str]:
    home = f"/home/{sandbox.user}"
    return [
        "--bind", where["home"], home, "--bind", where["socket"], "/run/vnc",
        "--ro-bind", where["image"], IMAGE_DIR, "--ro-bind", where["locale"], LOCALE_DIR, "--chdir", home,
    ]  # fmt: skip


def _environment(sandbox: DesktopSandbox) -> list[str]:
    variables = {
        "PATH": "/usr/bin", "HOME": f"/home/{sandbox.user}", "USER": sandbox.user, "LOGNAME": sandbox.user,
        "SHELL": "/bin/bash", "LANG": "ja_JP.UTF-8", "LOCPATH": LOCALE_DIR, "TZ": "Asia/Tokyo",
        "XDG_RUNTIME_DIR": f"/run/user/{_UID}", "XDG_CONFIG_DIRS": f"{IMAGE_DIR}:/etc/xdg",
        "GTK_IM_MODULE": "fcitx", "QT_IM_MODULE": "fcitx", "XMODIFIERS": "@im=fcitx",
        "GSETTINGS_BACKEND": "keyfile", "NO_AT_BRIDGE": "1", "GTK2_RC_FILES": f"{IMAGE_DIR}/gtkrc-2.0",
        "SEKISHO_GEOMETRY": sandbox.geometry, "SEKISHO_DESKTOP": sandbox.desktop_id,
        "SEKISHO_ZONE": sandbox.zone_label, "SEKISHO_COLOUR": sandbox.colour,
        # With an account of its own the desktop's socket is open to guacd's account; the folder above it, which
        # only the supervisor can pass, keeps everybody else out.
        "SEKISHO_SOCKET_MODE": "0600" if sandbox.host_account is None else "0666",
    }  # fmt: skip
    return [part for name, value in variables.items() for part in ("--setenv", name, value)]
