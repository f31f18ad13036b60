"""A small real slapd with StartTLS and LDAPS: a few people of every kind that a sign-in has to tell apart."""

import base64
import contextlib
import hashlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from broker.directory_settings import LdapSettings
from broker.secret import Secret
from sekisho.demo.certificates import prepare_certificate

SUFFIX = "dc=city,dc=example,dc=jp"
SERVICE_DN = f"cn=sekisho,{SUFFIX}"
MAX_FAILURES = 6
"""After so many wrong passwords the policies of this directory lock an account."""
_START_S = 20.0


class Slapd(msgspec.Struct, frozen=True, kw_only=True):
    """A running directory. Everybody's password is ``<uid>-secret``."""

    port: int
    tls_port: int
    ca_file: Path
    service_password: Secret

    def settings(self, **changes: object) -> LdapSettings:
        fields: dict[str, object] = {
            "url": f"ldap://localhost:{self.port}",
            "ca_file": str(self.ca_file),
            "bind_dn": SERVICE_DN,
            "bind_password_file": "",
            "user_base": f"ou=people,{SUFFIX}",
            "group_base": f"ou=groups,{SUFFIX}",
            "department_attribute": "ou",
            "roles": {"it_desk": "tenant_admin", "監査担当": "auditor"},
        }
        return msgspec.convert(fields | changes, LdapSettings)


@contextlib.contextmanager
def run_slapd(folder: Path) -> Iterator[Slapd]:
    """Start slapd on free loopback ports and end it afterwards."""
    certificate = prepare_certificate(folder / "tls", now=datetime.now(UTC))
    (folder / "db").mkdir()
    service_password = secrets.token_urlsafe(16)
    config = folder / "slapd.conf"
    config.write_text(_CONFIG.format(folder=folder, suffix=SUFFIX, ca=certificate.ca_file,
                                     certificate=certificate.certificate_file, key=certificate.key_file))  # fmt: skip
    subprocess.run(
        ["/usr/sbin/slapadd", "-f", config], input=_entries(service_password), text=True, check=True, timeout=30
    )
    port, tls_port = _free_port(), _free_port()
    urls = f"ldap://127.0.0.1:{port} ldap://127.0.0.2:{port} ldaps://127.0.0.1:{tls_port}"
    command = ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/slapd", "-d", "0", "-f", str(config), "-h", urls]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield Slapd(
                port=port, tls_port=tls_port, ca_file=certificate.ca_file, service_password=Secret(service_password)
            )
        finally:
            process.terminate()


def make_other_ca(folder: Path) -> Path:
    """A CA that signed nothing of this directory."""
    return prepare_certificate(folder / "other", now=datetime.now(UTC)).ca_file


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


def _hash(password: str) -> str:
    salt = secrets.token_bytes(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


def _entry(dn: str, *lines: str) -> str:
    def encode(line: str) -> str:
        name, _, value = line.partition(": ")
        return f"{name}:: {base64.b64encode(value.encode()).decode()}"

    return "\n".join([encode(f"dn: {dn}"), *(encode(line) for line in lines)]) + "\n"


def _person(uid: str, name: str, department: str, *more: str, has_password: bool = True, under: str = "") -> str:
    password = [f"userPassword: {_hash(f'{uid}-secret')}"] if has_password else []
    return _entry(
        f"uid={uid},{under}ou=people,{SUFFIX}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {name}",
        f"sn: {name[:2]}", f"ou: {department}", *password, *more,
    )  # fmt: skip


def _under(policy: str) -> str:
    return f"pwdPolicySubentry: cn={policy},ou=policies,{SUFFIX}"


def _now(*, days_ago: int = 0) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days_ago):%Y%m%d%H%M%SZ}"


def _policy(cn: str, *more: str) -> str:
    return _entry(
        f"cn={cn},ou=policies,{SUFFIX}", "objectClass: device", "objectClass: pwdPolicy", f"cn: {cn}",
        "pwdAttribute: userPassword", "pwdMinLength: 10", "pwdInHistory: 3", "pwdCheckQuality: 2", "pwdLockout: TRUE",
        f"pwdMaxFailure: {MAX_FAILURES}", "pwdFailureCountInterval: 600", "pwdMustChange: TRUE",
        "pwdAllowUserChange: TRUE", "pwdMaxAge: 864000", "pwdExpireWarning: 864000", "pwdGraceAuthNLimit: 20", *more,
    )  # fmt: skip


def _pupil(uid: str, name: str, password: str) -> str:
    return _entry(
        f"uid={uid},ou=schools,{SUFFIX}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {name}", f"sn: {name[:2]}",
        "ou: 日の出小学校", f"mail: {uid}.of.the.school@city.example.jp", f"userPassword: {_hash(password)}",
    )  # fmt: skip


def _group(cn: str, under: str, *uids: str) -> str:
    members = [f"member: uid={uid},ou=people,{SUFFIX}" for uid in uids]
    return _entry(
        f"cn={cn.replace(',', chr(92) + ',')},ou={under},{SUFFIX}", "objectClass: groupOfNames", f"cn: {cn}", *members
    )


def _unit(name: str, parent: str = "") -> str:
    return _entry(f"ou={name},{parent}{SUFFIX}", "objectClass: organizationalUnit", f"ou: {name}")


def _entries(service_password: str) -> str:
    groups = f"ou=groups,{SUFFIX}"
    return "\n".join(
        [
            _entry(SUFFIX, "objectClass: dcObject", "objectClass: organization", "o: 市役所", "dc: city"),
            _entry(SERVICE_DN, "objectClass: applicationProcess", "objectClass: simpleSecurityObject",
                   "cn: sekisho", f"userPassword: {_hash(service_password)}"),
            *(_unit(name) for name in ("people", "groups", "mailing", "schools")),
            # A directory of its own below the same suffix: another 山田 has the same login.
            *(_pupil(uid, name, secret) for uid, name, secret in (
                ("yamada", "山田 小太郎", "school-secret"), ("sensei", "先生 一", "sensei-secret"))),
            _unit("annex", "ou=people,"),
            # memberOf as servers keep it: also from a group that lies elsewhere and must not count.
            _person("yamada", "山田 太郎", "市民課", f"memberOf: cn=telework,{groups}",
                    f"memberOf: cn=it_desk,ou=mailing,{SUFFIX}", f"manager: uid=kamiya,ou=people,{SUFFIX}"),
            _person("kamiya", "神谷 髙志", "税務課", f"memberOf: cn=監査担当,{groups}",
                    f"memberOf: cn=係長\\, 市民課,{groups}", "title: 課長", "title: 主幹",
                    f"manager: uid=gone,ou=people,{SUFFIX}"),
            _person("佐藤", "佐藤 花子", "情報政策課"),
            _person("itdesk", "情報 窓口", "情報政策課"),
            _person("(star*)", "星 記号", "市民課"),
            _person("disabled", "退職 済", "市民課", "pwdAccountLockedTime: 000001010000Z"),
            _person("passwordless", "鍵 無", "市民課", has_password=False),
            _person("double", "同姓 一郎", "市民課"),
            _person("double", "同姓 二郎", "税務課", under="ou=annex,"),
            _entry(f"ou=elsewhere,ou=people,{SUFFIX}", "objectClass: referral", "objectClass: extensibleObject",
                   "ou: elsewhere", "ref: ldap://127.0.0.1:9/ou=people,dc=evil"),
            _unit("policies"),
            _policy("strict", "pwdMinAge: 0"),
            _policy("slow", "pwdMinAge: 86400"),
            _policy("safe", "pwdMinAge: 0", "pwdSafeModify: TRUE"),
            _person("mustchange", "変更 要", "市民課", "pwdReset: TRUE", _under("strict")),
            _person("careful", "慎 重", "市民課", "pwdReset: TRUE", _under("safe")),
            _person("ranout", "期限 切", "市民課", "pwdChangedTime: 20200101000000Z", _under("strict")),
            _person("young", "新 人", "市民課", f"pwdChangedTime: {_now()}", _under("slow")),
            _person("guarded", "守 衛", "市民課", f"pwdChangedTime: {_now(days_ago=5)}", _under("strict")),
            _person("lockedout", "施 錠", "市民課", f"pwdAccountLockedTime: {_now()}", _under("strict")),
            _person("flooded", "洪 水", "市民課", f"pwdChangedTime: {_now()}", _under("strict")),
            _group("telework", "groups", "yamada"),
            _group("監査担当", "groups", "kamiya"),
            _group("係長, 市民課", "groups", "kamiya"),
            # Plain groups: nobody's memberOf names them.
            _group("it_desk", "groups", "itdesk"),
            _group("所属長", "groups", "yamada", "(star*)"),
            _group("it_desk", "mailing", "yamada"),
        ]
    )  # fmt: skip


_CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile {folder}/pid
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security simple_bind=112
database mdb
suffix "{suffix}"
directory {folder}/db
maxsize 67108864
overlay memberof
overlay ppolicy
access to attrs=userPassword by self =xw by anonymous auth by * none
access to * by dn.exact="cn=sekisho,{suffix}" read by * none
"""
