"""Directories with as many people as a city hall has: a slapd of its own, and people for a domain controller.

Person ``n`` is ``s00000`` and so on, in one of 40 departments. Groups: ``dept-00`` and so on with everybody of a
department, ``telework`` with every fifth person. Nobody has a password: they are listed, not signed in.
"""

import base64
import contextlib
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import ldap3
import msgspec

from broker.directory_settings import LdapSettings
from broker.secret import Secret
from sekisho.demo.certificates import prepare_certificate
from tests.parts.samba import BASE, GROUPS, PEOPLE, DomainController
from tests.parts.slapd import SUFFIX

DEPARTMENTS = 40
_SERVICE = f"cn=sekisho,{SUFFIX}"
_CLERK = f"cn=clerk,{SUFFIX}"
_START_S = 60.0
_LONG_AGO = "20200101000000Z"
_ACCOUNT_WITHOUT_PASSWORD = 0x220
Directory = Any
"""A bound connection of ldap3, whose types are half there."""


class StaffedSlapd(msgspec.Struct, frozen=True, kw_only=True):
    port: int
    ca_file: Path
    service_password: Secret
    clerk_password: Secret
    pid: int

    def settings(self, **changes: object) -> LdapSettings:
        fields: dict[str, object] = {
            "url": f"ldap://localhost:{self.port}",
            "ca_file": str(self.ca_file),
            "bind_dn": _SERVICE,
            "bind_password_file": "",
            "user_base": f"ou=people,{SUFFIX}",
            "group_base": f"ou=groups,{SUFFIX}",
        }
        return msgspec.convert(fields | changes, LdapSettings)


def login_of(number: int) -> str:
    return f"s{number:05}"


def person_dn(number: int) -> str:
    return f"uid={login_of(number)},ou=people,{SUFFIX}"


@contextlib.contextmanager
def run_staffed_slapd(folder: Path, people: int, *, size_limit: str = "unlimited") -> Iterator[StaffedSlapd]:
    """``size_limit``: how many entries the service account is told. The clerk may change everything."""
    folder.mkdir(exist_ok=True)
    certificate = prepare_certificate(folder / "tls", now=datetime.now(UTC))
    (folder / "db").mkdir()
    service, clerk = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    config = folder / "slapd.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder, suffix=SUFFIX, ca=certificate.ca_file, certificate=certificate.certificate_file,
            key=certificate.key_file, clerk=clerk, limit=size_limit,
        )
    )  # fmt: skip
    entries = "\n".join(_entries(people, service))
    subprocess.run(["/usr/sbin/slapadd", "-q", "-f", config], input=entries, text=True, check=True, timeout=300)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/slapd", "-d", "0", "-f", str(config)]
    with subprocess.Popen([*command, "-h", f"ldap://127.0.0.1:{port}"], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield StaffedSlapd(
                port=port,
                ca_file=certificate.ca_file,
                service_password=Secret(service),
                clerk_password=Secret(clerk),
                pid=process.pid,
            )
        finally:
            process.terminate()


@contextlib.contextmanager
def clerk_of(slapd: StaffedSlapd) -> Iterator[Directory]:
    """Somebody who changes entries, one at a time."""
    server = ldap3.Server("127.0.0.1", port=slapd.port, tls=ldap3.Tls(validate=ssl.CERT_NONE), get_info=ldap3.NONE)
    with _bound(server, _CLERK, slapd.clerk_password, "TLS_BEFORE_BIND") as directory:
        yield directory


@contextlib.contextmanager
def administrator_of(controller: DomainController) -> Iterator[Directory]:
    tls = ldap3.Tls(validate=ssl.CERT_NONE)
    server = ldap3.Server(controller.address, port=636, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    name = f"CN=Administrator,CN=Users,{BASE}"
    with _bound(server, name, controller.administrator, "NO_TLS") as directory:
        yield directory


@contextlib.contextmanager
def _bound(
    server: ldap3.Server, name: str, password: Secret, how: Literal["NO_TLS", "TLS_BEFORE_BIND"]
) -> Iterator[Directory]:
    connection: Directory = ldap3.Connection(
        server, user=name, password=password.reveal(), auto_bind=how, raise_exceptions=True
    )
    opened = connection.socket
    try:
        yield connection
    finally:
        connection.unbind()
        # The library lets it go unclosed.
        opened.close()


def add_staff(directory: Directory, people: range) -> None:
    """Into a domain: each in the group of their department, every fifth in telework."""
    departments: dict[str, list[str]] = {}
    for number in people:
        department = f"課{number % DEPARTMENTS:02}"
        name = f"CN={login_of(number)},{PEOPLE}"
        directory.add(
            name,
            "user",
            {
                "sAMAccountName": login_of(number),
                "displayName": f"髙橋 {number}",
                "department": department,
                "userAccountControl": _ACCOUNT_WITHOUT_PASSWORD,
            },
        )
        departments.setdefault(f"dept-{number % DEPARTMENTS:02}", []).append(name)
        if number % 5 == 0:
            departments.setdefault("staff-telework", []).append(name)
    for group, members in departments.items():
        directory.add(f"CN={group},{GROUPS}", "group", {"sAMAccountName": group, "member": members})


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


def _entry(dn: str, *lines: str) -> str:
    def encode(line: str) -> str:
        name, _, value = line.partition(": ")
        return f"{name}:: {base64.b64encode(value.encode()).decode()}"

    # An hour ago and longer: the first round of changes finds nothing of it.
    times = (f"createTimestamp: {_LONG_AGO}", f"modifyTimestamp: {_LONG_AGO}")
    return "\n".join([encode(f"dn: {dn}"), *(encode(line) for line in lines), *times]) + "\n"


def _entries(people: int, service_password: str) -> Iterator[str]:
    yield _entry(SUFFIX, "objectClass: dcObject", "objectClass: organization", "o: 市役所", "dc: city")
    yield _entry(_SERVICE, "objectClass: applicationProcess", "objectClass: simpleSecurityObject", "cn: sekisho",
                 f"userPassword: {service_password}")  # fmt: skip
    for unit in ("people", "groups"):
        yield _entry(f"ou={unit},{SUFFIX}", "objectClass: organizationalUnit", f"ou: {unit}")
    for number in range(people):
        yield _entry(
            person_dn(number), "objectClass: inetOrgPerson", f"uid: {login_of(number)}", f"cn: 髙橋 {number}",
            "sn: 髙橋", f"ou: 課{number % DEPARTMENTS:02}",
        )  # fmt: skip
    for department in range(min(DEPARTMENTS, people)):
        members = [f"member: {person_dn(number)}" for number in range(department, people, DEPARTMENTS)]
        name = f"dept-{department:02}"
        yield _entry(f"cn={name},ou=groups,{SUFFIX}", "objectClass: groupOfNames", f"cn: {name}", *members)
    members = [f"member: {person_dn(number)}" for number in range(0, people, 5)]
    yield _entry(f"cn=telework,ou=groups,{SUFFIX}", "objectClass: groupOfNames", "cn: telework", *members)


_CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security simple_bind=112
database mdb
suffix "{suffix}"
rootdn "cn=clerk,{suffix}"
rootpw {clerk}
directory {folder}/db
maxsize 1073741824
index objectClass,uid,member eq
limits dn.exact="cn=sekisho,{suffix}" size={limit}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=sekisho,{suffix}" read by * none
"""
