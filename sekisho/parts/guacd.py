"""guacd, the renderer: the command line that runs it in bubblewrap over an extracted root, for one zone."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from pools.sandbox import HostAccount, enter
from sekisho.private_files import write_private

DESKTOPS_DIR: Final = "/desktops"
_TLS_DIR: Final = "/tls"
_CERTIFICATE: Final = "guacd.crt"
_KEY: Final = "guacd.key"
_PROGRAM: Final = "usr/sbin/guacd"
_ROOT_FOLDERS: Final = ("usr", "lib", "lib64", "etc")
_UID: Final = "1000"
# The account of guacd on the host when the supervisor is root. It lies below the numbers that desktops get.
_HOST_ACCOUNT: Final = HostAccount(61183, 61183)


class GuacdTls(msgspec.Struct, frozen=True, kw_only=True):
    """What guacd shows gateways (PEM). With it, it speaks nothing but TLS."""

    certificate: Path
    key: Path


class GuacdSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One guacd. ``desktops_dir`` holds the folders with the sockets of one zone's desktops, and of no other."""

    root: Path
    port: int
    desktops_dir: Path
    host: str = "127.0.0.1"
    tls: GuacdTls | None = None
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
        _copy_tls(settings.tls, _tls_dir(settings))


def _tls_dir(settings: GuacdSettings) -> Path:
    return settings.desktops_dir.parent / f"{settings.desktops_dir.name}-tls"


def _copy_tls(tls: GuacdTls, folder: Path) -> None:
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
            os.chown(path, _HOST_ACCOUNT.uid, _HOST_ACCOUNT.gid)


def command(settings: GuacdSettings) -> list[str]:
    """The command line of guacd, in the foreground, listening on ``host`` and ``port``.

    It shares the host's network (it is reached by TCP), sees no other process, cannot write to its root, and
    its pid namespace takes the children that it forks along when it ends. A desktop's ``hostname`` for guacd is
    :func:`socket_hostname`.
    """
    folders = {"root": settings.root, "desktops": settings.desktops_dir}
    if settings.tls is not None:
        folders["tls"] = _tls_dir(settings)
    entry = enter(_HOST_ACCOUNT if os.geteuid() == 0 else None, folders)
    shown = ["-C", f"{_TLS_DIR}/{_CERTIFICATE}", "-K", f"{_TLS_DIR}/{_KEY}"] if settings.tls is not None else []
    return [
        *entry.arguments, *_sandbox(entry.folders), "--", f"/{_PROGRAM}", "-f",
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
