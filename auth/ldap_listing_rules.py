"""How a directory is listed: filters for everybody, who is in which group through groups in groups. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from auth.ldap_connection import Entry
from auth.ldap_dialect import primary_group_sid
from auth.ldap_names import common_name_of, is_under
from auth.ldap_people import expiry_of, facts_of, is_disabled, login_of
from broker.directory_settings import LdapSettings
from broker.model.directory import ListedGroup, ListedPerson
from broker.model.kinds import DirectoryKind
from broker.model.login_forms import write_form

ID_ATTRIBUTES: Final = ("entryUUID", "objectGUID")
CHAIN: Final = "1.2.840.113556.1.4.1941"
_CLAUSE: Final = re.compile(r"\(([\w.-]+)(?::[^=()]*)?=\{(login|dn)\}\)")
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


def filter_of_all(template: str) -> str | None:
    """The filter that finds everybody (or every group) whom ``template`` finds by name; None when it can't be told.

    ``(uid={login})`` becomes ``(uid=*)``, and so does a rule of matching: ``(member:1.2.840…:={dn})``.
    """
    general = _CLAUSE.sub(r"(\1=*)", template)
    return None if "{dn}" in general else general.replace("{login}", "*")


def membership_attributes(template: str) -> Mapping[str, str]:
    """Attributes of a group that name its members, each by ``login`` or by ``dn``. Empty: in no way that is known."""
    found = {attribute.lower(): by for attribute, by in _CLAUSE.findall(template)}
    return found if "{" not in _CLAUSE.sub("", template) else {}


def mark_of_time(moment: datetime) -> str:
    """From when on entries are asked for that changed (generalized time, RFC 4517, section 3.3.13). The clocks of
    broker and server may differ by five minutes."""
    return (moment - _CLOCKS_DIFFER).strftime("%Y%m%d%H%M%SZ")


def entry_id_of(entry: Entry) -> str:
    """Of a server that tells no identifier the name itself."""
    return next((told for name in ID_ATTRIBUTES if (told := entry.first(name))), f"dn:{entry.dn}")


def list_person(entry: Entry, groups: frozenset[str], settings: LdapSettings) -> ListedPerson:
    """As the directory has them: what rules make of it may change without the entry."""
    facts, login = facts_of(entry, groups, settings), login_of(entry, settings)
    return ListedPerson(
        entry_id=entry_id_of(entry),
        login=write_form(settings.login_forms[0], login),
        display_name=entry.first(settings.name_attribute) or login,
        department=facts.department,
        groups=facts.groups,
        is_enabled=not is_disabled(entry),
        expires_at=expiry_of(entry),
    )


def list_group(entry: Entry) -> ListedGroup | None:
    """None for an entry without a name."""
    name = entry.first("cn")
    return None if not name else ListedGroup(entry_id=entry_id_of(entry), name=name)


class GroupBook:
    """Every group, and by it the groups of each person, as they are found at a sign-in."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._members = membership_attributes(settings.group_filter)
        self._is_chained = CHAIN in settings.group_filter
        self._names: dict[str, tuple[str, ...]] = {}
        self._parents: dict[str, list[str]] = {}
        self._by_sid: dict[str, str] = {}
        self._of_member: dict[str, list[str]] = {}

    @property
    def knows_members(self) -> bool:
        """Otherwise each person's groups have to be asked for."""
        return self._settings.kind is DirectoryKind.ACTIVE_DIRECTORY or bool(self._members)

    def counts(self, entry: Entry) -> bool:
        base = self._settings.group_base
        return not base or is_under(entry.dn, base)

    def add(self, entry: Entry) -> None:
        place = entry.dn.casefold()
        if self._settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
            if self._settings.group_base and self.counts(entry):
                self._names[place] = entry.values.get("cn", ())
            self._parents[place] = [parent.casefold() for parent in entry.values.get("memberof", ())]
            if sid := entry.first("objectSid"):
                self._by_sid[sid] = place
            return
        for attribute in self._members:
            for member in entry.values.get(attribute, ()):
                self._of_member.setdefault(member.casefold(), []).extend(entry.values.get("cn", ()))

    def groups_of(self, entry: Entry) -> frozenset[str]:
        primary_sid = primary_group_sid(entry.first("objectSid") or "", entry.first("primaryGroupID") or "")
        base = self._settings.group_base
        told = entry.values.get("memberof", ())
        named = {name for dn in told if (not base or is_under(dn, base)) and (name := common_name_of(dn))}
        if not base:
            return frozenset(named)
        if self._settings.kind is not DirectoryKind.ACTIVE_DIRECTORY:
            login = entry.first(self._settings.login_attribute) or ""
            listed = [*self._of_member.get(entry.dn.casefold(), ()), *self._of_member.get(login.casefold(), ())]
            return frozenset(named | set(listed))
        direct = {dn.casefold() for dn in told}
        if primary_sid is not None and primary_sid in self._by_sid:
            direct.add(self._by_sid[primary_sid])
        return frozenset(named | {name for dn in self._above(direct) for name in self._names.get(dn, ())})

    def _above(self, direct: Iterable[str]) -> set[str]:
        found: set[str] = set()
        left = list(direct)
        while left:
            place = left.pop()
            if place not in found:
                found.add(place)
                left += self._parents.get(place, ()) if self._is_chained else ()
        return found
