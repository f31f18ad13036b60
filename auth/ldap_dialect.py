"""What directories of a kind have in common, for settings that a site leaves empty."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from broker.directory_settings import LdapSettings
from broker.model.kinds import DirectoryKind

_BINARY: Final = frozenset({"objectguid", "invocationid"})
_DEFAULTS: Final[Mapping[DirectoryKind, Mapping[str, str]]] = MappingProxyType(
    {
        DirectoryKind.LDAP: {
            "user_filter": "(&(objectClass=inetOrgPerson)(uid={login}))",
            "group_filter": "(&(objectClass=groupOfNames)(member={dn}))",
            "login_attribute": "uid",
            "name_attribute": "cn",
            "department_attribute": "ou",
        },
        DirectoryKind.ACTIVE_DIRECTORY: {
            # Computers are users too, by their object class.
            "user_filter": "(&(objectCategory=person)(objectClass=user)"
            "(|(sAMAccountName={login})(userPrincipalName={login})))",
            # LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4): also through groups in groups.
            "group_filter": "(&(objectCategory=group)(member:1.2.840.113556.1.4.1941:={dn}))",
            "login_attribute": "sAMAccountName",
            "name_attribute": "displayName",
            "department_attribute": "department",
        },
    }
)


def complete(settings: LdapSettings) -> LdapSettings:
    """The settings with the kind's own filters and attributes where none is given."""
    given = {name: getattr(settings, name) or default for name, default in _DEFAULTS[settings.kind].items()}
    return msgspec.structs.replace(settings, **given)


def primary_group_sid(person_sid: str, primary_group_id: str) -> str | None:
    """The security identifier of the group that an account belongs to without being its member.

    It has the account's own domain and, as its last part, ``primaryGroupID`` ([MS-ADTS] 3.1.1.4.5.4). None: not told.
    """
    domain, _, last = person_sid.rpartition("-")
    return f"{domain}-{primary_group_id}" if domain and last.isdecimal() and primary_group_id.isdecimal() else None


def read_sid(octets: bytes) -> str:
    """A security identifier as text (``S-1-5-21-…``; [MS-DTYP] 2.4.2). Empty for what is none."""
    if len(octets) < 8 or len(octets) != 8 + 4 * octets[1]:
        return ""
    parts = [int.from_bytes(octets[at : at + 4], "little") for at in range(8, len(octets), 4)]
    return "-".join(map(str, ["S", octets[0], int.from_bytes(octets[2:8], "big"), *parts]))


def read_value(attribute: str, octets: bytes) -> str:
    """A value as text: binary ones in hexadecimal, a security identifier as it is written, all else as UTF-8."""
    if attribute in _BINARY:
        return octets.hex()
    return read_sid(octets) if attribute == "objectsid" else octets.decode("utf-8", "replace")
