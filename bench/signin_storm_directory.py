"""A real OpenLDAP with all the staff, loaded by ``slapadd`` and tuned as a city would: indexes, sorted members."""

import base64
import contextlib
import hashlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.signin_storm_staff import DEPARTMENTS, department_of, login_of, password_of
from sekisho.demo.certificates import prepare_certificate

_SUFFIX: Final = "dc=city,dc=example,dc=jp"
_EVERYBODY: Final = "全職員"
_START_S: Final = 30.0
_LOAD_S: Final = 120.0


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """A running slapd, and the settings by which a broker asks it."""

    pid: int
    settings: dict[str, Any]
    load_s: float


@contextlib.contextmanager
def run_directory(folder: Path, staff: int) -> Iterator[Directory]:
    """Load everybody, serve LDAPS on a free port of the loopback, and end afterwards."""
    certificate = prepare_certificate(folder / "tls", now=datetime.now(UTC))
    (folder / "db").mkdir()
    service_password = secrets.token_urlsafe(16)
    (folder / "bind.password").write_text(service_password + "\n")
    (folder / "bind.password").chmod(0o600)
    config = folder / "slapd.conf"
    config.write_text(_CONFIG.format(folder=folder, suffix=_SUFFIX, ca=certificate.ca_file,
                                     certificate=certificate.certificate_file, key=certificate.key_file))  # fmt: skip
    began = time.monotonic()
    ldif = "\n".join(_entries(service_password, staff))
    subprocess.run(["/usr/sbin/slapadd", "-q", "-f", config], input=ldif, text=True, check=True, timeout=_LOAD_S)
    load_s = time.monotonic() - began
    port = _free_port()
    command = [
        *("setpriv", "--pdeathsig", "KILL", "/usr/sbin/slapd", "-d", "0", "-f", str(config)),
        *("-h", f"ldaps://127.0.0.1:{port}"),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            settings = {
                "url": f"ldaps://127.0.0.1:{port}",
                "ca_file": str(certificate.ca_file),
                "bind_dn": f"cn=sekisho,{_SUFFIX}",
                "bind_password_file": str(folder / "bind.password"),
                "user_base": f"ou=people,{_SUFFIX}",
                "group_base": f"ou=groups,{_SUFFIX}",
            }
            yield Directory(pid=process.pid, settings=settings, load_s=round(load_s, 1))
        finally:
            process.terminate()


def groups_of(number: int) -> frozenset[str]:
    return frozenset({_EVERYBODY, department_of(number)})


def _entries(service_password: str, staff: int) -> Iterator[str]:
    yield _entry(_SUFFIX, "objectClass: dcObject", "objectClass: organization", "o: 市役所", "dc: city")
    yield _entry(
        f"cn=sekisho,{_SUFFIX}", "objectClass: applicationProcess", "objectClass: simpleSecurityObject",
        "cn: sekisho", f"userPassword: {_hash(service_password)}",
    )  # fmt: skip
    for unit in ("people", "groups", "policies"):
        yield _entry(f"ou={unit},{_SUFFIX}", "objectClass: organizationalUnit", f"ou: {unit}")
    yield _entry(
        f"cn=default,ou=policies,{_SUFFIX}", "objectClass: device", "objectClass: pwdPolicy", "cn: default",
        "pwdAttribute: userPassword", "pwdLockout: TRUE", "pwdMaxFailure: 10", "pwdFailureCountInterval: 600",
    )  # fmt: skip
    for number in range(staff):
        login = login_of(number)
        yield _entry(
            _dn_of(number), "objectClass: inetOrgPerson", f"uid: {login}", f"cn: 職員 {login}", "sn: 職員",
            f"ou: {department_of(number)}", f"userPassword: {_hash(password_of(number))}",
            *(f"memberOf: cn={group},ou=groups,{_SUFFIX}" for group in groups_of(number)),
        )  # fmt: skip
    yield _group(_EVERYBODY, range(staff))
    for department in range(DEPARTMENTS):
        yield _group(department_of(department), range(department, staff, DEPARTMENTS))


def _group(name: str, members: range) -> str:
    lines = ("objectClass: groupOfNames", f"cn: {name}", *(f"member: {_dn_of(number)}" for number in members))
    return _entry(f"cn={name},ou=groups,{_SUFFIX}", *lines)


def _dn_of(number: int) -> str:
    return f"uid={login_of(number)},ou=people,{_SUFFIX}"


def _entry(dn: str, *lines: str) -> str:
    return "".join(f"{_encode(line)}\n" for line in (f"dn: {dn}", *lines))


def _encode(line: str) -> str:
    name, _, value = line.partition(": ")
    return line if line.isascii() else f"{name}:: {base64.b64encode(value.encode()).decode()}"


def _hash(password: str) -> str:
    salt = secrets.token_bytes(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_CONFIG: Final = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {folder}/pid
sortvals member
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security simple_bind=112
database mdb
suffix "{suffix}"
directory {folder}/db
maxsize 1073741824
index objectClass,uid,member eq
limits dn.exact="cn=sekisho,{suffix}" size=unlimited time=unlimited
overlay ppolicy
ppolicy_default "cn=default,ou=policies,{suffix}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=sekisho,{suffix}" read by * none
"""
