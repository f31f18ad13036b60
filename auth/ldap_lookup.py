"""The conversation of one sign-in with a directory: find the person, read the groups, try the password.

Every outcome takes the same steps, so that time tells nothing: who was not found is tried under a name that
nobody bears.
"""

import re
import ssl
from pathlib import Path
from typing import Final

import msgspec

from auth.ldap_connection import Address, Answer, Entry, Line, make_tls_context, parse_url
from auth.ldap_dialect import complete, primary_group_sid
from auth.ldap_names import common_name_of, domain_of, fill_filter, is_under
from broker.errors import ConfigurationError
from broker.model.ids import new_id
from broker.model.kinds import DirectoryKind
from broker.model.reasons import SigninRefusal
from broker.ports import DirectoryPerson, DirectoryUnavailable, PasswordAccepted, PasswordRejected
from broker.secret import Secret
from broker.settings import LdapSettings

Outcome = PasswordAccepted | PasswordRejected | DirectoryUnavailable

_SUCCESS: Final = 0
_SIZE_LIMIT: Final = 4
_INVALID_CREDENTIALS: Final = 49
_REFUSALS: Final = {
    19: SigninRefusal.ACCOUNT_DISABLED,  # constraintViolation: locked by a password policy (389-ds)
    32: SigninRefusal.UNKNOWN_USER,
    48: SigninRefusal.WRONG_PASSWORD,  # inappropriateAuthentication: no password is stored
    53: SigninRefusal.ACCOUNT_DISABLED,  # unwillingToPerform: inactivated (389-ds)
}

_AD_CODE: Final = re.compile(r"\bdata ([0-9a-f]{3})\b")
_AD_REFUSALS: Final = {
    # [MS-ADTS] 5.1.1.5 and the system's error codes, in hexadecimal.
    "530": SigninRefusal.ACCOUNT_DISABLED,  # not at this hour
    "531": SigninRefusal.ACCOUNT_DISABLED,  # not at this workstation
    "532": SigninRefusal.PASSWORD_EXPIRED,
    "533": SigninRefusal.ACCOUNT_DISABLED,
    "701": SigninRefusal.ACCOUNT_EXPIRED,
    "773": SigninRefusal.PASSWORD_EXPIRED,  # must be changed at the next sign-in
    "775": SigninRefusal.DIRECTORY_LOCKED,
}

_STATE_ATTRIBUTES: Final = ("pwdAccountLockedTime", "userAccountControl", "nsAccountLock")
_NOBODY_SID: Final = "S-1-0-0"
_PRIMARY_GROUP_ATTRIBUTES: Final = ("objectSid", "primaryGroupID")
_LOCKED_FOR_GOOD: Final = "000001010000Z"
_UAC_DISABLED: Final = 0x2


class Plan(msgspec.Struct, frozen=True):
    """Settings of one directory, checked."""

    settings: LdapSettings
    bind_password: Secret
    address: Address
    context: ssl.SSLContext

    def line(self) -> Line:
        return Line(
            self.address,
            self.context,
            connect_timeout_s=self.settings.connect_timeout_s,
            operation_timeout_s=self.settings.operation_timeout_s,
        )


def make_plans(settings: LdapSettings, bind_password: Secret, ca_path: Path) -> list[Plan]:
    """One for each server, in their order. Raises :class:`ConfigurationError` when a setting can't be used."""
    settings = complete(settings)
    if "{login}" not in settings.user_filter:
        raise ConfigurationError("directory.user_filter: {login} is missing")
    if not settings.bind_dn or bind_password.is_empty():
        raise ConfigurationError("directory.bind_dn: an account with a password is needed to search")
    addresses = [parse_url(url) for url in (settings.url, *settings.further_urls)]
    if len(set(addresses)) < len(addresses):
        raise ConfigurationError("directory.further_urls: a server is listed twice")
    context = make_tls_context(ca_path)
    return [Plan(settings, bind_password, address, context) for address in addresses]


class _Stopped(Exception):
    """The directory can't be asked further."""


class Lookup:
    """One conversation, for one thread. :meth:`abort` may come from another."""

    def __init__(self, plan: Plan, login: str, password: Secret) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._login = login
        self._password = password
        self._lines: list[Line] = []
        self._is_aborted = False

    def run(self) -> Outcome:
        """Raises what ldap3 and sockets raise."""
        try:
            return self._converse()
        except _Stopped as stopped:
            return DirectoryUnavailable(str(stopped))
        finally:
            for line in self._lines:
                line.close()

    def abort(self) -> None:
        self._is_aborted = True
        for line in self._lines:
            line.abort()

    def _converse(self) -> Outcome:
        service = self._new_line()
        bound = service.bind(self._settings.bind_dn, self._plan.bind_password)
        if bound.code != _SUCCESS:
            raise _Stopped(f"the service account was refused: {bound.detail}")
        found = self._find_person(service)
        entry = found if isinstance(found, Entry) else self._nobody()
        groups = self._read_groups(service, entry)
        # A connection of its own: the service account's identity never stands behind a password.
        password = self._password if isinstance(found, Entry) else Secret(new_id())
        answer = self._new_line().bind(entry.dn, password)
        if not isinstance(found, Entry):
            return PasswordRejected(found)
        return self._judge(found, groups, answer)

    def _new_line(self) -> Line:
        if self._is_aborted:
            raise _Stopped("the deadline has passed")
        line = self._plan.line()
        self._lines.append(line)
        return line

    def _find_person(self, service: Line) -> Entry | SigninRefusal:
        settings = self._settings
        wanted = (
            settings.login_attribute,
            settings.name_attribute,
            settings.department_attribute,
            "memberOf",
            *_STATE_ATTRIBUTES,
            *_PRIMARY_GROUP_ATTRIBUTES,
        )
        searched = fill_filter(settings.user_filter, {"login": self._login, "dn": ""})
        answer, entries = service.search(settings.user_base, searched, wanted, limit=2)
        if answer.code == _SIZE_LIMIT or len(entries) > 1:
            return SigninRefusal.AMBIGUOUS_USER
        if answer.code != _SUCCESS:
            raise _Stopped(f"the search for a person failed: {answer.detail}")
        # Without its login attribute an entry can't be told from others of the same person.
        if not entries or entries[0].first(settings.login_attribute) is None:
            return SigninRefusal.UNKNOWN_USER
        return entries[0]

    def _nobody(self) -> Entry:
        return Entry(f"{self._settings.login_attribute}={new_id()},{self._settings.user_base}", {})

    def _read_groups(self, service: Line, entry: Entry) -> frozenset[str]:
        settings = self._settings
        named = [
            common_name_of(dn)
            for dn in entry.values.get("memberof", ())
            if not settings.group_base or is_under(dn, settings.group_base)
        ]
        if settings.group_base:
            named += self._find_groups(service, entry)
        return frozenset(name for name in named if name)

    def _find_groups(self, service: Line, entry: Entry) -> list[str | None]:
        settings = self._settings
        login = entry.first(settings.login_attribute) or self._login
        members = [entry.dn]
        if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
            members += self._find_primary_group(service, entry)
        filters = [fill_filter(settings.group_filter, {"dn": dn, "login": login}) for dn in members]
        answer, groups = service.search(settings.group_base, f"(|{''.join(filters)})", ("cn",), limit=0)
        if answer.code != _SUCCESS:
            raise _Stopped(f"the search for groups failed: {answer.detail}")
        # The primary group itself counts where it lies below the base, like any other.
        primary = [common_name_of(dn) for dn in members[1:] if is_under(dn, settings.group_base)]
        return [*(name for group in groups for name in group.values.get("cn", ())), *primary]

    def _find_primary_group(self, service: Line, entry: Entry) -> list[str]:
        """Its name: no ``memberOf`` and no ``member`` tells it. Asked for nobody too, since time must tell nothing."""
        sid = primary_group_sid(entry.first("objectSid") or "", entry.first("primaryGroupID") or "") or _NOBODY_SID
        answer, groups = service.search(domain_of(self._settings.user_base), f"(objectSid={sid})", ("cn",), limit=1)
        if answer.code != _SUCCESS:
            raise _Stopped(f"the search for the primary group failed: {answer.detail}")
        return [group.dn for group in groups]

    def _judge(self, entry: Entry, groups: frozenset[str], answer: Answer) -> Outcome:
        if _is_disabled(entry):
            return PasswordRejected(SigninRefusal.ACCOUNT_DISABLED)
        if answer.code == _INVALID_CREDENTIALS:
            return PasswordRejected(_explain_refusal(entry, answer))
        if answer.code in _REFUSALS:
            return PasswordRejected(_REFUSALS[answer.code])
        if answer.code != _SUCCESS:
            raise _Stopped(f"the password could not be checked: {answer.detail}")
        return PasswordAccepted(_describe_person(entry, groups, self._settings))


def _describe_person(entry: Entry, groups: frozenset[str], settings: LdapSettings) -> DirectoryPerson:
    # Of several logins the least: the order of an attribute's values means nothing.
    login = min(entry.values[settings.login_attribute.lower()])
    return DirectoryPerson(
        login=login,
        display_name=entry.first(settings.name_attribute) or login,
        department=entry.first(settings.department_attribute) or "",
        groups=groups,
        roles=frozenset(settings.roles[group] for group in groups if group in settings.roles),
    )


def _is_disabled(entry: Entry) -> bool:
    """Marks that count whatever the bind says."""
    control = entry.first("userAccountControl") or "0"
    return (
        (control.isdecimal() and bool(int(control) & _UAC_DISABLED))
        or (entry.first("nsAccountLock") or "").lower() == "true"
        or entry.first("pwdAccountLockedTime") == _LOCKED_FOR_GOOD
    )


def _explain_refusal(entry: Entry, answer: Answer) -> SigninRefusal:
    """OpenLDAP keeps a lock in the entry; Active Directory tells it in the message (``data 533``)."""
    code = _AD_CODE.search(answer.detail)
    if entry.first("pwdAccountLockedTime"):
        return SigninRefusal.DIRECTORY_LOCKED
    return _AD_REFUSALS.get(code.group(1) if code else "", SigninRefusal.WRONG_PASSWORD)
