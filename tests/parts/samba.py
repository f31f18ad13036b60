"""A real domain controller of Active Directory's kind (Samba): a few people of every kind that a sign-in tells apart.

Its ports are fixed (389, 636, 88, 464), so that each run takes a loopback address of its own. Root only.
"""

import contextlib
import ipaddress
import secrets
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ldap3
import msgspec

from broker.directory_settings import LdapSettings
from broker.model.service_name import ServiceKind, ServiceName
from broker.secret import Secret
from sekisho.pki.authority import Request
from sekisho.pki.folder import init_folder, issue_into

BASE = "DC=city,DC=example,DC=jp"
PEOPLE = f"OU=職員,{BASE}"
GROUPS = f"OU=groups,{BASE}"
Directory = Any
"""A bound connection of ldap3, whose types are half there."""

_REALM = "CITY.EXAMPLE.JP"
_START_S = 60.0
_NORMAL_ACCOUNT = 0x200
_DISABLED = 0x2
_NEVER_EXPIRES = 0x10000
_LONG_AGO = "116444736010000000"  # 1 January 1970 as a Windows file time
LOCKOUT_THRESHOLD = 12


class DomainController(msgspec.Struct, frozen=True, kw_only=True):
    """A running server. Everybody's password is ``<login>-secret``."""

    address: str
    ca_file: Path
    service_password: Secret
    administrator: Secret
    config: Path
    log: Path

    def settings(self, **changes: object) -> LdapSettings:
        fields: dict[str, object] = {
            "kind": "active_directory",
            "url": f"ldaps://{self.address}",
            "ca_file": str(self.ca_file),
            "bind_dn": f"CN=sekisho,{PEOPLE}",
            "bind_password_file": "",
            "user_base": PEOPLE,
            "group_base": GROUPS,
            "roles": {"it_desk": "tenant_admin", "監査担当": "auditor"},
        }
        return msgspec.convert(fields | changes, LdapSettings)


def set_password_rules(controller: DomainController, *options: str) -> None:
    """Rules of the domain, by the options of ``samba-tool domain passwordsettings set``."""
    _run("domain", "passwordsettings", "set", *options, "-s", str(controller.config))


def add_person(controller: DomainController, login: str, password: str, **more: str) -> None:
    """One more account, with further attributes (``pwdLastSet="0"``: the password must be changed)."""
    with _administrator(controller.address, controller.administrator.reveal()) as directory:
        _add_person(directory, login, f"{login} 氏名", "市民課", password, more)


def change_account(controller: DomainController, login: str, **values: str) -> None:
    """What an administrator of the domain writes into an account."""
    with _administrator(controller.address, controller.administrator.reveal()) as directory:
        changes = {name: [(ldap3.MODIFY_REPLACE, [value])] for name, value in values.items()}
        directory.modify(f"CN={login},{PEOPLE}", changes)


def read_account(controller: DomainController, login: str, attribute: str) -> str:
    """The first value of an attribute, empty for none."""
    with _administrator(controller.address, controller.administrator.reveal()) as directory:
        directory.search(PEOPLE, f"(sAMAccountName={login})", attributes=[attribute])
        values = directory.response[0]["raw_attributes"][attribute]
        return values[0].decode() if values else ""


def guess_elsewhere(controller: DomainController, login: str, times: int) -> None:
    """Wrong passwords that don't come through us, such as at a PC of the office."""
    tls = ldap3.Tls(validate=ssl.CERT_NONE)
    server = ldap3.Server(controller.address, port=636, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    for _ in range(times):
        connection: Directory = ldap3.Connection(server, user=f"CN={login},{PEOPLE}", password="wrong")
        assert not connection.bind()
        connection.socket.close()


@contextlib.contextmanager
def run_samba(folder: Path) -> Iterator[DomainController]:
    """Provision a domain, start its controller, fill it, and end it afterwards."""
    address = _free_address()
    pki = folder / "pki"
    now = datetime.now(UTC)
    init_folder(pki, "directory", now=now)
    request = Request(
        name=ServiceName(kind=ServiceKind.DIRECTORY, id="dc1"), addresses=(ipaddress.ip_address(address),)
    )
    pair = issue_into(pki, request, now=now)
    administrator = _password()
    _provision(folder / "domain", address, administrator, pki / "ca.crt", pair.certificate, pair.key)
    log = folder / "samba.log"
    command = [
        *("setpriv", "--pdeathsig", "TERM", "samba", "-F", "-M", "single", "--no-process-group"),
        *("-s", str(folder / "domain/etc/smb.conf"), "--debug-stdout", "-d", "1"),
    ]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            _wait_for(address, server, log)
            service_password = _password()
            with _administrator(address, administrator) as directory:
                _fill(directory, service_password)
            yield DomainController(
                address=address,
                ca_file=pki / "ca.crt",
                service_password=Secret(service_password),
                administrator=Secret(administrator),
                config=folder / "domain/etc/smb.conf",
                log=log,
            )
        finally:
            server.send_signal(signal.SIGTERM)


def _password() -> str:
    return f"Aa1!{secrets.token_urlsafe(16)}"


def _free_address() -> str:
    while True:
        address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 2}.{secrets.randbelow(250) + 2}"
        with socket.socket() as probe:
            if probe.connect_ex((address, 389)) != 0:
                return address


def _provision(folder: Path, address: str, password: str, ca: Path, certificate: Path, key: Path) -> None:
    (folder / "run").mkdir(parents=True)
    options = {
        "interfaces": f"{address}/8",
        "bind interfaces only": "yes",
        "server services": "ldap, cldap, kdc, rpc, drepl",
        "tls cafile": str(ca),
        "tls certfile": str(certificate),
        "tls keyfile": str(key),
        "log file": str(folder / "log.%m"),
        # Not in /run, where one server keeps out all others of the machine.
        "pid directory": str(folder / "run"),
        "ncalrpc dir": str(folder / "run/ncalrpc"),
    }
    _run(
        "domain", "provision", f"--realm={_REALM}", "--domain=CITY", "--server-role=dc",
        "--dns-backend=SAMBA_INTERNAL", f"--adminpass={password}", f"--targetdir={folder}", "--host-name=dc1",
        f"--host-ip={address}", "--use-rfc2307", *(f"--option={name}={value}" for name, value in options.items()),
    )  # fmt: skip
    # The demo people's passwords are as plain as in the other directories' suites.
    _run(
        "domain", "passwordsettings", "set", "--complexity=off", "--min-pwd-length=0", "--history-length=0",
        "--min-pwd-age=0", f"--account-lockout-threshold={LOCKOUT_THRESHOLD}", "-s", str(folder / "etc/smb.conf"),
    )  # fmt: skip


def _run(*arguments: str) -> None:
    done = subprocess.run(["samba-tool", *arguments], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"samba-tool {arguments[1]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection((address, 636), timeout=1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"the domain controller did not start: {log.read_text('utf-8', 'replace')[-2000:]}")


@contextlib.contextmanager
def _administrator(address: str, password: str) -> Iterator[Directory]:
    # The library's own check of names is deprecated; the tests' subject checks them, this account fills the domain.
    tls = ldap3.Tls(validate=ssl.CERT_NONE)
    server = ldap3.Server(address, port=636, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    name = f"CN=Administrator,CN=Users,{BASE}"
    connection: Directory = ldap3.Connection(
        server, user=name, password=password, auto_bind=True, raise_exceptions=True
    )
    opened = connection.socket
    try:
        yield connection
    finally:
        connection.unbind()
        # The library lets it go unclosed.
        opened.close()


def _fill(directory: Directory, service_password: str) -> None:
    for unit in (PEOPLE, GROUPS, f"OU=mailing,{BASE}"):
        directory.add(unit, "organizationalUnit")
    people: list[tuple[str, str, str, Mapping[str, Any]]] = [
        ("yamada", "山田 太郎", "市民課", {}),
        ("kamiya", "神谷 髙志", "税務課", {}),
        ("佐藤", "佐藤 花子", "情報政策課", {}),
        ("nested", "入子 次郎", "市民課", {}),
        ("disabled", "退職 済", "市民課", {"userAccountControl": _NORMAL_ACCOUNT | _DISABLED}),
        ("expired", "期限 切", "市民課", {"accountExpires": _LONG_AGO}),
        ("mustchange", "変更 要", "市民課", {"pwdLastSet": "0"}),
        ("lockable", "施錠 可", "市民課", {}),
        ("guarded", "守 衛", "市民課", {}),
        ("counted", "数 男", "市民課", {}),
        ("watched", "見 張", "市民課", {}),
    ]
    for login, name, department, more in people:
        _add_person(directory, login, name, department, f"{login}-secret", more)
    directory.modify(f"CN=yamada,{PEOPLE}", {"manager": [(ldap3.MODIFY_REPLACE, [f"CN=kamiya,{PEOPLE}"])]})
    directory.modify(f"CN=kamiya,{PEOPLE}", {"title": [(ldap3.MODIFY_REPLACE, ["課長"])]})
    _add_person(directory, "sekisho", "関所", "情報政策課", service_password, {})
    for name, place, members in (
        ("telework", GROUPS, ("yamada",)),
        ("監査担当", GROUPS, ("kamiya",)),
        ("係長\\, 市民課", GROUPS, ("kamiya",)),
        ("所属長", GROUPS, ("yamada",)),
        ("it_desk", f"OU=mailing,{BASE}", ("yamada",)),
        ("内側", f"OU=mailing,{BASE}", ("nested",)),
    ):
        _add_group(directory, f"CN={name},{place}", [f"CN={member},{PEOPLE}" for member in members])
    _add_group(directory, f"CN=中間,{GROUPS}", [f"CN=内側,OU=mailing,{BASE}"])
    _add_group(directory, f"CN=全庁,{GROUPS}", [f"CN=中間,{GROUPS}"])
    # The primary group of an account: a member first, then primary, and no longer listed as a member.
    _add_group(directory, f"CN=主グループ,{GROUPS}", [f"CN=佐藤,{PEOPLE}"])
    _add_group(directory, f"CN=主の親,{GROUPS}", [f"CN=主グループ,{GROUPS}"])
    directory.search(GROUPS, "(cn=主グループ)", attributes=["primaryGroupToken"])
    token = directory.response[0]["raw_attributes"]["primaryGroupToken"][0].decode()
    directory.modify(f"CN=佐藤,{PEOPLE}", {"primaryGroupID": [(ldap3.MODIFY_REPLACE, [token])]})


def _add_person(
    directory: Directory, login: str, name: str, department: str, password: str, more: Mapping[str, Any]
) -> None:
    directory.add(
        f"CN={login},{PEOPLE}",
        "user",
        {
            "sAMAccountName": login,
            "userPrincipalName": f"{login}@city.example.jp",
            "displayName": name,
            "department": department,
            "unicodePwd": f'"{password}"'.encode("utf-16-le"),
            "userAccountControl": _NORMAL_ACCOUNT | _NEVER_EXPIRES if "pwdLastSet" not in more else _NORMAL_ACCOUNT,
            **more,
        },
    )


def _add_group(directory: Directory, dn: str, members: list[str]) -> None:
    name = dn.removeprefix("CN=").split(",OU=")[0].replace("\\,", ",")
    directory.add(dn, "group", {"sAMAccountName": name.replace(",", ""), "member": members})
