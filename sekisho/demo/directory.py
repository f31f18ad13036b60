"""The demo city's directory: OpenLDAP on loopback ports with StartTLS and LDAPS, in bubblewrap, for any user."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.secret import Secret
from pools.sandbox import HostAccount, enter
from sekisho.demo import ldif
from sekisho.demo.certificates import ServerCertificate, prepare_certificate
from sekisho.demo.city import staff
from sekisho.demo.secrets import DemoSecrets
from sekisho.private_files import write_private

_INSIDE: Final = "/srv/directory"
_HOST_ACCOUNT: Final = HostAccount(61182, 61182)  # slapd's account on the host when the supervisor is root
_STAMP: Final = "loaded"


class DirectoryPorts(msgspec.Struct, frozen=True):
    ldap: int
    ldaps: int


class DirectoryParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to use the directory, and what :func:`command` needs to run it."""

    folder: Path
    ports: DirectoryPorts
    ca_file: Path
    service_password_file: Path
    service_password: Secret
    base_dn: str = ldif.BASE_DN
    people_dn: str = ldif.PEOPLE_DN
    groups_dn: str = ldif.GROUPS_DN
    service_dn: str = ldif.SERVICE_DN

    @property
    def ldap_url(self) -> str:
        return f"ldap://localhost:{self.ports.ldap}"

    @property
    def ldaps_url(self) -> str:
        return f"ldaps://localhost:{self.ports.ldaps}"


def prepare(folder: Path, ports: DirectoryPorts, secrets: DemoSecrets, *, now: datetime) -> DirectoryParts:
    """Make certificates and data below ``folder`` where they are missing or belong to other secrets.

    A second start finds everything and does nothing. Raises :class:`ConfigurationError` when slapd is missing or
    refuses the data.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    inner = folder / "slapd"
    inner.mkdir(exist_ok=True, mode=0o700)
    certificate = prepare_certificate(inner / "tls", now=now)
    stamp = _stamp(secrets)
    if _read(inner / _STAMP) != stamp:
        _load(inner, secrets)
        write_private(inner / _STAMP, stamp)
    _give_away(inner)
    ca_file, password_file = _publish(folder, certificate, secrets)
    return DirectoryParts(
        folder=inner, ports=ports, ca_file=ca_file, service_password_file=password_file,
        service_password=secrets.directory["service"],
    )  # fmt: skip


def command(parts: DirectoryParts) -> list[str]:
    """slapd in the foreground; it ends when its parent ends."""
    urls = f"ldap://127.0.0.1:{parts.ports.ldap} ldaps://127.0.0.1:{parts.ports.ldaps}"
    return _sandbox(parts.folder, ["/usr/sbin/slapd", "-d", "0", "-f", f"{_INSIDE}/slapd.conf", "-h", urls])


def _sandbox(folder: Path, program: Sequence[str]) -> list[str]:
    """Only the programs, the schema files and the directory's own folder, as an account that is not root."""
    entry = enter(_HOST_ACCOUNT if os.geteuid() == 0 else None, {"directory": folder})
    return [
        *entry.arguments, "bwrap", "--die-with-parent", "--new-session", "--clearenv", "--unshare-user",
        "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", "1000", "--gid", "1000",
        "--cap-drop", "ALL",
        "--ro-bind", "/usr", "/usr", "--tmpfs", "/usr/local", "--symlink", "usr/bin", "/bin",
        "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
        "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind", "/etc/ldap/schema", "/etc/ldap/schema",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run",  # noqa: S108 -- its own
        "--bind", entry.folders["directory"], _INSIDE, "--chdir", _INSIDE, "--setenv", "PATH", "/usr/sbin:/usr/bin",
        "--", *program,
    ]  # fmt: skip


def _load(inner: Path, secrets: DemoSecrets) -> None:
    (inner / _STAMP).unlink(missing_ok=True)
    shutil.rmtree(inner / "db", ignore_errors=True)
    (inner / "db").mkdir(mode=0o700)
    write_private(inner / "city.schema", ldif.SCHEMA)
    write_private(inner / "slapd.conf", ldif.configuration(_INSIDE, ldif.hash_password(secrets.directory["admin"])))
    text = ldif.entries(staff(), secrets.people, secrets.directory["service"])
    _give_away(inner)
    program = ["/usr/sbin/slapadd", "-q", "-f", f"{_INSIDE}/slapd.conf"]
    try:
        subprocess.run(_sandbox(inner, program), input=text.encode(), check=True, capture_output=True, timeout=60)
    except FileNotFoundError as error:
        raise ConfigurationError(f"the demo directory: {error.filename} is missing; run: make setup") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip()[-400:]
        raise ConfigurationError(f"the demo directory: slapadd refused the city's data: {said}") from error


def _give_away(inner: Path) -> None:
    if os.geteuid() != 0:
        return
    for path in (inner, *inner.rglob("*")):
        os.chown(path, _HOST_ACCOUNT.uid, _HOST_ACCOUNT.gid, follow_symlinks=False)


def _publish(folder: Path, certificate: ServerCertificate, secrets: DemoSecrets) -> tuple[Path, Path]:
    """What clients read lies beside slapd's own folder and belongs to the supervisor."""
    ca_file, password_file = folder / "ca.pem", folder / "service.password"
    write_private(ca_file, certificate.ca_file.read_text("ascii"))
    write_private(password_file, secrets.directory["service"].reveal() + "\n")
    return ca_file, password_file


def _stamp(secrets: DemoSecrets) -> str:
    """Changes with the city, the schema, the configuration and every password; gives none of them away."""
    passwords = [f"{name}={secret.reveal()}" for name, secret in (*secrets.people.items(), *secrets.directory.items())]
    city = msgspec.json.encode(staff(), order="deterministic").decode()
    source = "\0".join([ldif.SCHEMA, ldif.configuration(_INSIDE, ""), city, *passwords])
    return hashlib.sha256(source.encode()).hexdigest() + "\n"


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        return ""
