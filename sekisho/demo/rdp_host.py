"""The demo's RDP host: xrdp with Xorg sessions in bubblewrap, without network, behind a loopback port.

Its desktops reach neither guacd nor anything else of the machine's network: the port belongs to a forwarder outside
(:mod:`sekisho.demo.rdp_forward`). xrdp gives every session to its own account, so its sandbox needs real root (or
``sudo -n``); nothing of the host's accounts or configuration is touched.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from broker.secret import Secret
from pools.sandbox import CLEAN, IMAGE, compile_locale
from sekisho.demo.certificates import prepare_certificate
from sekisho.demo.rdp_files import write_accounts, write_configuration
from sekisho.demo.secrets import DemoSecrets
from sekisho.private_files import write_private

ACCOUNT_NAMES: Final = ("rdp01", "rdp02", "rdp03", "rdp04")
SOCKET_NAME: Final = "rdp.sock"
DISCONNECTED_LIMIT_S: Final = 180
SETTLE_S: Final = DISCONNECTED_LIMIT_S + 25
"""How long a desktop of this host rests between two people: its limit for sessions that nobody looks at, the 15 s
that a guacd takes to give up a lost connection, and some for the end itself."""
_PROGRAMS: Final = ("xrdp", "xrdp-sesman", "bwrap")
_CAPABILITIES: Final = (
    "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_AUDIT_WRITE",
)  # fmt: skip
_SHARED: Final = (
    "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime", "/etc/X11", "/etc/xdg/libfm",
    "/etc/xdg/menus", "/etc/xdg/pcmanfm", "/etc/login.defs", "/etc/security", "/etc/machine-id",
    "/var/cache/fontconfig",
)  # fmt: skip


class RdpHostOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``disconnected_limit_s``: when the host ends a session that nobody looks at; 0 keeps it."""

    colour: str = "#5b4a7a"
    disconnected_limit_s: int = DISCONNECTED_LIMIT_S


class RdpHost(msgspec.Struct, frozen=True, kw_only=True):
    """A prepared host. ``password_files`` (0600) by account."""

    folder: Path
    port: int
    locale_dir: Path
    needs_sudo: bool
    password_files: Mapping[str, Path]

    @property
    def socket_path(self) -> Path:
        return rdp_socket(self.folder)


def rdp_socket(folder: Path) -> Path:
    """Where the host whose folder this is listens."""
    return folder.absolute() / "socket" / SOCKET_NAME


class LeftOut(msgspec.Struct, frozen=True):
    """Why this machine gets no RDP host, for the demo's start page."""

    reason: str


_DEFAULTS: Final = RdpHostOptions()


def prepare(folder: Path, port: int, secrets: DemoSecrets, options: RdpHostOptions = _DEFAULTS) -> RdpHost | LeftOut:
    """Write the host's configuration and accounts; a second start writes the same again (under 0.1 s)."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path="/usr/sbin:/usr/bin") is None]
    if missing:
        return LeftOut(f"missing programs: {', '.join(missing)}")
    is_root = os.geteuid() == 0
    if not is_root and not _may_sudo():
        return LeftOut("the RDP host needs root, or a user whose sudo asks for no password")
    for path in (folder, folder / "socket"):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "socket").chmod(0o711)  # guacd's account passes; the folder above decides who comes near it
    certificate = prepare_certificate(folder / "tls", now=datetime.now(UTC))
    write_configuration(
        folder / "xrdp", certificate, colour=options.colour, disconnected_limit_s=options.disconnected_limit_s
    )
    accounts = {name: secrets.rdp[name] for name in ACCOUNT_NAMES}
    write_accounts(folder / "accounts", accounts)
    return RdpHost(
        folder=folder.absolute(), port=port, locale_dir=compile_locale(folder).absolute(), needs_sudo=not is_root,
        password_files=_write_passwords(folder / "passwords", accounts),
    )  # fmt: skip


def command(host: RdpHost) -> list[str]:
    """The host in the foreground, on the loopback ``port``.

    **Its input must be a pipe that the supervisor holds open.** When that closes, at the supervisor's end by
    whatever cause, the host and every session on it end, also across sudo.
    """
    sudo = ["sudo", "-n", "--"] if host.needs_sudo else []
    return [
        sys.executable, "-m", "sekisho.demo.rdp_forward", str(host.port), str(host.socket_path),
        *sudo, *CLEAN, "bwrap", *_isolation(), *_files(host), *_environment(), "--", "/etc/xrdp/host.sh",
    ]  # fmt: skip


def _write_passwords(folder: Path, accounts: Mapping[str, Secret]) -> dict[str, Path]:
    for name, password in accounts.items():
        write_private(folder / name, password.reveal() + "\n")
    return {name: (folder / name).absolute() for name in accounts}


def _may_sudo() -> bool:
    if shutil.which("sudo") is None:
        return False
    asked = subprocess.run(
        ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10
    )
    return asked.returncode == 0


def _isolation() -> list[str]:
    """No network but an own lo (xrdp and its session manager talk over it), no host process, few capabilities."""
    capabilities = [part for name in _CAPABILITIES for part in ("--cap-add", name)]
    return [
        "--die-with-parent", "--new-session", "--clearenv", "--unshare-pid", "--unshare-net", "--unshare-ipc",
        "--unshare-uts", "--unshare-cgroup-try", "--hostname", "rdp-host", "--cap-drop", "ALL", *capabilities,
    ]  # fmt: skip


def _files(host: RdpHost) -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr", "--tmpfs", "/usr/local"]
    for path in ("/etc", "/etc/pam.d", "/etc/xdg", "/home", "/opt", "/var", "/var/cache", "/var/log"):
        arguments += ["--perms", "0755", "--dir", path]  # without a word bubblewrap makes them for root alone
    for name in ("bin", "sbin", "lib", "lib64"):
        arguments += ["--symlink", f"usr/{name}", f"/{name}"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run"]  # noqa: S108 -- its own
    arguments += ["--perms", "1777", "--dir", "/tmp/.X11-unix"]  # noqa: S108 -- as above
    for path in _SHARED:
        arguments += ["--ro-bind-try", path, path]
    accounts = host.folder / "accounts"
    for name, target in (
        ("passwd", "/etc/passwd"), ("group", "/etc/group"), ("shadow", "/etc/shadow"), ("hosts", "/etc/hosts"),
        ("nsswitch.conf", "/etc/nsswitch.conf"), ("pam", "/etc/pam.d/xrdp-sesman"), ("pam", "/etc/pam.d/other"),
    ):  # fmt: skip
        arguments += ["--ro-bind", str(accounts / name), target]
    return [
        *arguments, "--ro-bind", str(host.folder / "xrdp"), "/etc/xrdp",
        "--ro-bind", str(IMAGE), "/opt/desktop", "--ro-bind", str(host.locale_dir), "/opt/locale",
        "--bind", str(host.socket_path.parent), "/run/rdp",
    ]  # fmt: skip


def _environment() -> list[str]:
    variables = {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "SEKISHO_ACCOUNTS": " ".join(ACCOUNT_NAMES)}
    return [part for name, value in variables.items() for part in ("--setenv", name, value)]
