"""People and their groups in a directory, found by the service account."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from auth.ldap_connection import Answer, Entry, Line
from auth.ldap_dialect import primary_group_sid
from auth.ldap_lockout import LOCKOUT_ATTRIBUTES
from auth.ldap_names import common_name_of, domain_of, fill_filter, is_under
from broker.directory_settings import LdapSettings
from broker.model.ids import new_id
from broker.model.kinds import DirectoryKind
from broker.model.mapping import PersonFacts
from broker.model.reasons import SigninRefusal
from broker.policy.mapping import attributes_of, map_person, rules_of
from broker.ports import DirectoryPerson

SUCCESS: Final = 0
_SIZE_LIMIT: Final = 4

_STATE_ATTRIBUTES: Final = ("pwdAccountLockedTime", "userAccountControl", "nsAccountLock", "accountExpires")
_END_ATTRIBUTE: Final = "msDS-UserPasswordExpiryTimeComputed"
_LOCKED_FOR_GOOD: Final = "000001010000Z"
_UAC_DISABLED: Final = 0x2
_FILE_TIME_BEGINS: Final = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER: Final = frozenset({0, 0x7FFFFFFFFFFFFFFF})

_NOBODY_SID: Final = "S-1-0-0"
_PRIMARY_GROUP_ATTRIBUTES: Final = ("objectSid", "primaryGroupID")


class Stopped(Exception):
    """The directory can't be asked further."""


def person_attributes(settings: LdapSettings) -> tuple[str, ...]:
    """All that is asked of a person's entry; each once, though settings may name one for two things."""
    named = (
        settings.login_attribute,
        settings.name_attribute,
        settings.department_attribute,
        "memberOf",
        *_STATE_ATTRIBUTES,
        *_PRIMARY_GROUP_ATTRIBUTES,
        *([settings.manager_attribute] if settings.manager_attribute else []),
        *sorted(attributes_of(settings.rules)),
    )
    return tuple({name.lower(): name for name in named}.values())


class PeopleSearch:
    """Questions over a connection that is bound as the service account. Raises :class:`Stopped`."""

    def __init__(self, settings: LdapSettings, service: Line) -> None:
        self._settings = settings
        self.line = service
        self.user_base = settings.user_base

    def find(self, login: str, more: Sequence[str] = ()) -> Entry | SigninRefusal:
        """The one entry of this login."""
        settings = self._settings
        wanted = (*person_attributes(settings), _END_ATTRIBUTE, *LOCKOUT_ATTRIBUTES, *more)
        searched = fill_filter(settings.user_filter, {"login": login, "dn": ""})
        answer, entries = self.line.search(settings.user_base, searched, wanted, limit=2)
        if answer.code == _SIZE_LIMIT or len(entries) > 1:
            return SigninRefusal.AMBIGUOUS_USER
        _check(answer, "the search for a person")
        # Without its login attribute an entry can't be told from others of the same person.
        if not entries or entries[0].first(settings.login_attribute) is None:
            return SigninRefusal.UNKNOWN_USER
        return entries[0]

    def search_all(self, search_filter: str, attributes: Sequence[str]) -> list[Entry]:
        """What of the directory's own entries the service account may read; nothing where it may not."""
        _, found = self.line.search(domain_of(self.user_base), search_filter, attributes, limit=0)
        return found

    def nobody(self) -> Entry:
        """An entry that nobody has, to be asked about in the place of one that was not found."""
        return Entry(f"{self._settings.login_attribute}={new_id()},{self._settings.user_base}", {})

    def read_manager(self, entry: Entry) -> str:
        """The login of the person's own head; empty where nothing tells it, or the entry is gone or hidden."""
        settings = self._settings
        if not settings.manager_attribute:
            return ""
        # Asked for nobody too, since time must tell nothing.
        dn = entry.first(settings.manager_attribute) or entry.dn
        _, found = self.line.search(dn, f"({settings.login_attribute}=*)", (settings.login_attribute,), limit=1)
        is_theirs = bool(found) and found[0].dn.casefold() == dn.casefold() and dn != entry.dn
        return login_of(found[0], settings) if is_theirs else ""

    def describe(self, entry: Entry, login: str) -> DirectoryPerson:
        """The person with everything that follows for them by the rules."""
        return describe_person(entry, self.read_groups(entry, login), self._settings, manager=self.read_manager(entry))

    def read_groups(self, entry: Entry, login: str) -> frozenset[str]:
        settings = self._settings
        named = [
            common_name_of(dn)
            for dn in entry.values.get("memberof", ())
            if not settings.group_base or is_under(dn, settings.group_base)
        ]
        if settings.group_base:
            named += self._find_groups(entry, entry.first(settings.login_attribute) or login)
        return frozenset(name for name in named if name)

    def _find_groups(self, entry: Entry, login: str) -> list[str | None]:
        settings = self._settings
        members = [entry.dn]
        if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
            members += self._find_primary_group(entry)
        filters = [fill_filter(settings.group_filter, {"dn": dn, "login": login}) for dn in members]
        answer, groups = self.line.search(settings.group_base, f"(|{''.join(filters)})", ("cn",), limit=0)
        _check(answer, "the search for groups")
        # The primary group itself counts where it lies below the base, like any other.
        primary = [common_name_of(dn) for dn in members[1:] if is_under(dn, settings.group_base)]
        return [*(name for group in groups for name in group.values.get("cn", ())), *primary]

    def _find_primary_group(self, entry: Entry) -> list[str]:
        """Its name: no ``memberOf`` and no ``member`` tells it. Asked for nobody too, since time must tell nothing."""
        sid = primary_group_sid(entry.first("objectSid") or "", entry.first("primaryGroupID") or "") or _NOBODY_SID
        base = domain_of(self._settings.user_base)
        answer, groups = self.line.search(base, f"(objectSid={sid})", ("cn",), limit=1)
        _check(answer, "the search for the primary group")
        return [group.dn for group in groups]


def describe_person(
    entry: Entry, groups: frozenset[str], settings: LdapSettings, *, manager: str = ""
) -> DirectoryPerson:
    login = login_of(entry, settings)
    mapped = map_person(rules_of(settings.roles, settings.rules), facts_of(entry, groups, settings))
    return DirectoryPerson(
        login=login,
        display_name=entry.first(settings.name_attribute) or login,
        department=mapped.department,
        groups=mapped.groups,
        roles=mapped.roles,
        heads=mapped.heads,
        manager=manager,
    )


def facts_of(entry: Entry, groups: frozenset[str], settings: LdapSettings) -> PersonFacts:
    """What rules look at, exactly as the directory has it."""
    return PersonFacts(
        department=entry.first(settings.department_attribute) or "", groups=groups, attributes=entry.values
    )


def login_of(entry: Entry, settings: LdapSettings) -> str:
    """Of several logins the least: the order of an attribute's values means nothing."""
    return min(entry.values[settings.login_attribute.lower()])


def is_disabled(entry: Entry) -> bool:
    """Marks that count whatever a bind says."""
    control = entry.first("userAccountControl") or "0"
    return (
        (control.isdecimal() and bool(int(control) & _UAC_DISABLED))
        or (entry.first("nsAccountLock") or "").lower() == "true"
        or entry.first("pwdAccountLockedTime") == _LOCKED_FOR_GOOD
    )


def is_expired(entry: Entry, now: datetime) -> bool:
    end = expiry_of(entry)
    return end is not None and now >= end


def expiry_of(entry: Entry) -> datetime | None:
    """By ``accountExpires`` ([MS-ADA1] 2.3)."""
    return _moment(entry.first("accountExpires") or "0")


def password_end_of(entry: Entry) -> datetime | None:
    """When the password runs out, as a domain controller computes it ([MS-ADTS] 3.1.1.4.5.31); None: never, or not
    told."""
    return _moment(entry.first(_END_ATTRIBUTE) or "0")


def _moment(told: str) -> datetime | None:
    """Tenths of a microsecond since 1601; 0 and the greatest number: never."""
    if not told.isdecimal() or int(told) in _NEVER:
        return None
    try:
        return _FILE_TIME_BEGINS + timedelta(microseconds=int(told) // 10)
    except OverflowError:
        return None


def _check(answer: Answer, what: str) -> None:
    if answer.code != SUCCESS:
        raise Stopped(f"{what} failed: {answer.detail}")
