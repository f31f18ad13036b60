"""The demo city as LDIF (RFC 2849) and the schema and configuration of its slapd. Pure text."""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Final

from broker.secret import Secret
from sekisho.demo.city import DEPARTMENTS, Department, Group, Person, head_of

BASE_DN: Final = "dc=city,dc=example,dc=jp"
PEOPLE_DN: Final = f"ou=people,{BASE_DN}"
GROUPS_DN: Final = f"ou=groups,{BASE_DN}"
DEPARTMENTS_DN: Final = f"ou=departments,{BASE_DN}"
SERVICE_DN: Final = f"cn=sekisho,ou=services,{BASE_DN}"
ADMIN_DN: Final = f"cn=admin,{BASE_DN}"

_Attributes = list[tuple[str, str]]

# Readings stand where Active Directory keeps them, so that the demo's attribute mapping is a real site's.
SCHEMA: Final = """\
attributetype ( 1.2.840.113556.1.4.1946 NAME 'msDS-PhoneticDisplayName' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.11.99.1 NAME 'cityStaff' SUP top AUXILIARY
  MAY ( msDS-PhoneticDisplayName ) )
objectclass ( 1.3.6.1.4.1.4203.666.11.99.2 NAME 'cityDepartment' SUP top AUXILIARY
  MAY ( departmentNumber $ manager ) )
"""


def configuration(folder: str, admin_hash: str) -> str:
    """slapd.conf(5) for data, certificates and schema below ``folder``; a simple bind without TLS is refused."""
    return f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include {folder}/city.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCACertificateFile {folder}/tls/ca.pem
TLSCertificateFile {folder}/tls/server.pem
TLSCertificateKeyFile {folder}/tls/server.key
TLSProtocolMin 3.3
security simple_bind=112
disallow bind_anon
idletimeout 600
database mdb
suffix "{BASE_DN}"
rootdn "{ADMIN_DN}"
rootpw {admin_hash}
directory {folder}/db
maxsize 67108864
index objectClass,uid,member,memberOf,employeeNumber,departmentNumber eq
index cn,sn,displayName eq,sub
overlay memberof
memberof-refint TRUE
limits dn.exact="{SERVICE_DN}" size=unlimited
access to attrs=userPassword by anonymous auth by self =w by * none
access to * by dn.exact="{SERVICE_DN}" read by self read by * none
"""


def entries(people: Iterable[Person], passwords: Mapping[str, Secret], service: Secret) -> str:
    """Every entry for slapadd(8), ``memberOf`` included: the overlay sets it only for changes made online."""
    members = list(people)
    blocks = [*_frame(service), *map(_department, DEPARTMENTS)]
    blocks += [_person(person, passwords[person.uid]) for person in members]
    blocks += [_group(group, [person for person in members if group in person.groups]) for group in Group]
    return "\n".join(_block(attributes) for attributes in blocks)


def person_dn(person: Person) -> str:
    return f"uid={person.uid},{PEOPLE_DN}"


def hash_password(secret: Secret) -> str:
    """{SSHA}: salted SHA-1, what slapd verifies without a further module. The demo's passwords are random."""
    salt = os.urandom(8)
    digest = hashlib.sha1(secret.reveal().encode() + salt).digest()  # noqa: S324 -- the format's own digest
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _frame(service: Secret) -> list[_Attributes]:
    units = ("people", "groups", "departments", "services")
    return [
        [
            ("dn", BASE_DN), ("objectClass", "dcObject"), ("objectClass", "organization"),
            ("o", "関所市"), ("dc", "city"),
        ],
        *([("dn", f"ou={unit},{BASE_DN}"), ("objectClass", "organizationalUnit"), ("ou", unit)] for unit in units),
        [
            ("dn", SERVICE_DN), ("objectClass", "organizationalRole"), ("objectClass", "simpleSecurityObject"),
            ("cn", "sekisho"), ("userPassword", hash_password(service)),
        ],
    ]  # fmt: skip


def _department(department: Department) -> _Attributes:
    return [
        ("dn", f"ou={department.name},{DEPARTMENTS_DN}"),
        ("objectClass", "organizationalUnit"), ("objectClass", "cityDepartment"),
        ("ou", department.name), ("departmentNumber", department.code),
        ("manager", person_dn(head_of(department))),
    ]  # fmt: skip


def _person(person: Person, password: Secret) -> _Attributes:
    head = head_of(person.department)
    return [
        ("dn", person_dn(person)), ("objectClass", "inetOrgPerson"), ("objectClass", "cityStaff"),
        ("uid", person.uid), ("cn", person.display_name), ("displayName", person.display_name),
        ("sn", person.family.written), ("givenName", person.given.written),
        ("msDS-PhoneticDisplayName", person.kana), ("employeeNumber", person.employee_number),
        ("departmentNumber", person.department.code), ("ou", person.department.name), ("title", person.title),
        ("mail", f"{person.uid}@city.example.jp"), ("preferredLanguage", "ja"),
        *([] if head == person else [("manager", person_dn(head))]),
        ("userPassword", hash_password(password)),
        *(("memberOf", _group_dn(group)) for group in sorted(person.groups)),
    ]  # fmt: skip


def _group(group: Group, members: Iterable[Person]) -> _Attributes:
    return [
        ("dn", _group_dn(group)), ("objectClass", "groupOfNames"), ("cn", group.value),
        *(("member", person_dn(person)) for person in members),
    ]  # fmt: skip


def _group_dn(group: Group) -> str:
    return f"cn={group.value},{GROUPS_DN}"


def _block(attributes: _Attributes) -> str:
    return "".join(_line(name, value) for name, value in attributes)


def _line(name: str, value: str) -> str:
    """Base64 for anything but plain ASCII (RFC 2849, SAFE-STRING): no character is ever changed."""
    if value.isascii() and value.isprintable() and value[:1] not in {" ", ":", "<"} and not value.endswith(" "):
        return f"{name}: {value}\n"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"
