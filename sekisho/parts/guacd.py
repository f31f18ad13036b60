"""guacd, the renderer: the command line that runs it in bubblewrap over an extracted root, for one zone."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from pools.sandbox import HostAccount, enter
from sekisho.parts.own_network import OwnNetwork, enter_network, prepare_network
from sekisho.private_files import write_private

DESKTOPS_DIR: Final = "/desktops"
_TLS_DIR: Final = "/tls"
_CERTIFICATE: Final = "guacd.crt"
_KEY: Final = "guacd.key"
_PROGRAM: Final = "usr/sbin/guacd"
_ROOT_FOLDERS: Final = ("usr", "lib", "lib64", "etc")
_UID: Final = "1000"
# Accounts of guacds on the host when the supervisor is root. They lie below the numbers that desktops get.
_FIRST_ACCOUNT: Final = 61140
_ACCOUNTS: Final = 40


def account_of(number: int) -> HostAccount:
    """A number for each guacd of a host, so that none of them can touch another. Raises :class:`ConfigurationError`."""
    if not 0 <= number < _ACCOUNTS:
        raise ConfigurationError(f"a host runs at most {_ACCOUNTS} guacds")
    return HostAccount(_FIRST_ACCOUNT + number, _FIRST_ACCOUNT + number)


class GuacdTls(msgspec.Struct, frozen=True, kw_only=True):
    """What guacd shows gateways (PEM). With it, it speaks nothing but TLS."""

    certificate: Path
    key: Path


class GuacdSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One guacd. ``desktops_dir`` holds the folders with the sockets of one zone's desktops, and of no other.

    With ``network`` it listens in a network namespace of its own, where nothing else is: it is reached by that
    network's socket. ``account`` is for a supervisor that is root.
    """

    root: Path
    port: int
    desktops_dir: Path
    host: str = "127.0.0.1"
    tls: GuacdTls | None = None
    network: OwnNetwork | None = None
    account: HostAccount = HostAccount(_FIRST_ACCOUNT, _FIRST_ACCOUNT)
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
    if settings.tls is not None:
        _copy_tls(settings.tls, _tls_dir(settings), settings.account)
    if settings.network is not None:
        prepare_network(settings.network, _drop_to(settings))


def _drop_to(settings: GuacdSettings) -> HostAccount | None:
    return settings.account if os.geteuid() == 0 else None


def _tls_dir(settings: GuacdSettings) -> Path:
    return settings.desktops_dir.parent / f"{settings.desktops_dir.name}-tls"


def _copy_tls(tls: GuacdTls, folder: Path, account: HostAccount) -> None:
    """guacd's account gets copies of its own: the originals are closed to it."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for source, name in ((tls.certificate, _CERTIFICATE), (tls.key, _KEY)):
        try:
            content = source.read_text("ascii")
        except OSError as error:
            raise ConfigurationError(f"{source}: can't be read: {error.strerror}; sekisho pki issue guacd") from error
        write_private(folder / name, content)
    if os.geteuid() == 0:
        for path in (folder, folder / _CERTIFICATE, folder / _KEY):
            os.chown(path, account.uid, account.gid)


def command(settings: GuacdSettings) -> list[str]:
    """The command line of guacd, in the foreground, listening on ``host`` and ``port``.

    It shares the host's network unless it has one of its own, sees no other process, cannot write to its root, and
    its pid namespace takes the children that it forks along when it ends. A desktop's ``hostname`` for guacd is
    :func:`socket_hostname`.
    """
    folders = {"root": settings.root, "desktops": settings.desktops_dir}
    if settings.tls is not None:
        folders["tls"] = _tls_dir(settings)
    if settings.network is not None:
        folders |= settings.network.folders()
    entry = enter(_drop_to(settings), folders)
    door = enter_network(settings.network, entry.folders, settings.port) if settings.network is not None else []
    shown = ["-C", f"{_TLS_DIR}/{_CERTIFICATE}", "-K", f"{_TLS_DIR}/{_KEY}"] if settings.tls is not None else []
    return [
        *entry.arguments, *door, *_sandbox(entry.folders), "--", f"/{_PROGRAM}", "-f",
        "-b", settings.host, "-l", str(settings.port), "-L", settings.log_level, *shown,
    ]  # fmt: skip


def socket_hostname(desktop_id: str) -> str:
    """What guacd takes as ``hostname`` of a local desktop: libvncclient connects to a path as a Unix socket."""
    return f"{DESKTOPS_DIR}/{desktop_id}/vnc.sock"


def _sandbox(seen: Mapping[str, str]) -> list[str]:
    folders = [part for name in _ROOT_FOLDERS for part in ("--ro-bind", f"{seen['root']}/{name}", f"/{name}")]
    if "tls" in seen:
        folders += ["--ro-bind", seen["tls"], _TLS_DIR]
    return [
        "bwrap", "--die-with-parent", "--new-session", "--clearenv",
        "--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--uid", _UID, "--gid", _UID, "--cap-drop", "ALL", "--hostname", "guacd", *folders,
        "--ro-bind", seen["desktops"], DESKTOPS_DIR, "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var/tmp",  # noqa: S108 -- its own, not the host's
        "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",  # noqa: S108 -- as above
        "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin",
    ]  # fmt: skip
