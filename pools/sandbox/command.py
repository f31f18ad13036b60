"""The bubblewrap command line of a desktop. Pure: it opens nothing and reads nothing of the host."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from pools.sandbox.account import enter
from pools.sandbox.browser import EGRESS_DIR, FORWARD_FILE, POLICY_FILE
from pools.sandbox.limits import FIRST_TO_GO, SandboxLimits, bounded
from pools.sandbox.model import DesktopSandbox

IMAGE: Final = Path(__file__).parent / "image"
IMAGE_DIR: Final = "/opt/desktop"
LOCALE_DIR: Final = "/opt/locale"
RUN_DIR: Final = "/run/desktop"
SESSION: Final = (f"{IMAGE_DIR}/desktop.sh",)
_UID: Final = "1000"
_SMALL_BYTES: Final = str(16 * 1024 * 1024)

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
    policies: int
    forward: int
    """These two are a virtual browser's; empty for the others."""
    alive: int

    def numbers(self) -> tuple[int, ...]:
        return tuple(msgspec.structs.astuple(self))


def command(sandbox: DesktopSandbox, fds: SandboxFds, program: Sequence[str] = SESSION) -> list[str]:
    """The whole command line that runs ``program`` (the desktop's session) in the sandbox."""
    folders = {"home": sandbox.home_dir, "socket": sandbox.own_dir, "image": IMAGE, "locale": sandbox.locale_dir}
    if sandbox.browser is not None:
        folders["egress"] = sandbox.browser.egress_dir
    entry = enter(sandbox.host_account, folders)
    return [
        *FIRST_TO_GO, *entry.arguments, "bwrap", *_isolation(sandbox), *_root(sandbox.limits), *_own_files(fds),
        *_folders(sandbox, entry.folders), *_browser(sandbox, fds, entry.folders), *_environment(sandbox),
        # Last: from here on nothing can be written but to what has a bound of its own.
        "--remount-ro", "/dev", "--remount-ro", "/usr/local", "--remount-ro", "/",
        "--", *bounded(sandbox.limits), *program,
    ]  # fmt: skip


def _isolation(sandbox: DesktopSandbox) -> list[str]:
    """No network but an own lo, no host process in sight, no further namespace to climb into, no capability.

    A browser keeps the right to make user namespaces: Chromium shuts each page into one of its own, without any
    file and behind a seccomp filter that refuses to make another. Without it pages would run with all that the
    desktop may do.
    """
    further = [] if sandbox.browser else ["--disable-userns"]
    return [
        "--die-with-parent", "--new-session", "--clearenv", "--unshare-user", *further, "--unshare-pid",
        "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL",
        "--uid", _UID, "--gid", _UID, "--hostname", sandbox.desktop_id,
    ]  # fmt: skip


def _root(limits: SandboxLimits) -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr", "--size", _SMALL_BYTES, "--tmpfs", "/usr/local"]
    for name in ("bin", "sbin", "lib", "lib64"):
        arguments += ["--symlink", f"usr/{name}", f"/{name}"]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--perms", "1777", "--size", str(limits.shared_memory_bytes), "--tmpfs", "/dev/shm"]  # noqa: S108 -- the sandbox's own
    arguments += ["--perms", "1777", "--size", str(limits.temporary_bytes), "--tmpfs", "/tmp"]  # noqa: S108 -- as above
    arguments += ["--perms", "1777", "--dir", "/tmp/.X11-unix", "--size", _SMALL_BYTES, "--tmpfs", "/run"]  # noqa: S108 -- as above
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
    kept = ["--bind", where["home"], home]
    if sandbox.limits.home_bytes:
        kept = ["--perms", "0700", "--size", str(sandbox.limits.home_bytes), "--tmpfs", home]
    return [
        *kept, "--bind", where["socket"], "/run/vnc",
        "--ro-bind", where["image"], IMAGE_DIR, "--ro-bind", where["locale"], LOCALE_DIR, "--chdir", home,
    ]  # fmt: skip


def _browser(sandbox: DesktopSandbox, fds: SandboxFds, where: Mapping[str, str]) -> list[str]:
    if sandbox.browser is None:
        return []
    return [
        "--ro-bind", where["egress"], EGRESS_DIR,
        "--perms", "0444", "--ro-bind-data", str(fds.policies), POLICY_FILE,
        "--perms", "0444", "--ro-bind-data", str(fds.forward), FORWARD_FILE,
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
        "SEKISHO_SESSION": "browser.sh" if sandbox.browser else "session.sh",
        # With an account of its own the desktop's socket is open to guacd's account; the folder above it, which
        # only the supervisor can pass, keeps everybody else out.
        "SEKISHO_SOCKET_MODE": "0600" if sandbox.host_account is None else "0666",
    }  # fmt: skip
    return [part for name, value in variables.items() for part in ("--setenv", name, value)]
