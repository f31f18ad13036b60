"""The directory's own rules for passwords, where the service account may read them."""

from typing import Final

from auth.ldap_connection import Entry
from auth.ldap_names import domain_of
from auth.ldap_people import PeopleSearch
from auth.ldap_ppolicy import OID as POLICY_CONTROL
from broker.model.kinds import DirectoryKind
from broker.model.passwords import LockoutPolicy, PasswordPolicy, strictest

_DOMAIN: Final = (
    "minPwdLength", "pwdHistoryLength", "minPwdAge", "maxPwdAge", "pwdProperties", "lockoutThreshold",
    "lockOutObservationWindow",
)  # fmt: skip
_OBJECT: Final = (
    "msDS-MinimumPasswordLength", "msDS-PasswordHistoryLength", "msDS-MinimumPasswordAge", "msDS-MaximumPasswordAge",
    "msDS-PasswordComplexityEnabled", "msDS-LockoutThreshold", "msDS-LockoutObservationWindow",
)  # fmt: skip
_PPOLICY: Final = (
    "pwdMinLength", "pwdInHistory", "pwdMinAge", "pwdMaxAge", "pwdLockout", "pwdMaxFailure", "pwdFailureCountInterval",
)  # fmt: skip
_COMPLEX: Final = 0x1
_TENTHS_OF_MICROSECONDS: Final = 10_000_000
_NEVER_FORGOTTEN_S: Final = 30 * 86_400


def read_policy(search: PeopleSearch, login: str, kind: DirectoryKind) -> PasswordPolicy:
    """Raises :class:`Stopped`, and what ldap3 and sockets raise."""
    found = search.find(login, more=("msDS-ResultantPSO", "pwdPolicySubentry"))
    person = found if isinstance(found, Entry) else None
    if kind is DirectoryKind.ACTIVE_DIRECTORY:
        return _windows_policy(search, person)
    return _ppolicy(search, person)


def read_lockout(search: PeopleSearch, kind: DirectoryKind) -> LockoutPolicy:
    """The strictest of all that can be read: whose it is shows only when they are asked about one by one."""
    if kind is DirectoryKind.ACTIVE_DIRECTORY:
        domain = _domain(search)
        entries = search.search_all("(objectClass=msDS-PasswordSettings)", _OBJECT)
        found = [_lockout(domain.first("lockoutThreshold"), _span_s(domain.first("lockOutObservationWindow")))]
        found += [
            _lockout(entry.first("msDS-LockoutThreshold"), _span_s(entry.first("msDS-LockoutObservationWindow")))
            for entry in entries
        ]
        return strictest(found)
    _, root = search.line.read("", "(objectClass=*)", ("supportedControl",))
    if root and POLICY_CONTROL not in root[0].values.get("supportedcontrol", (POLICY_CONTROL,)):
        # A server without password policies locks nobody.
        return LockoutPolicy(threshold=0, window_s=0)
    return strictest([_lockout_of_ppolicy(entry) for entry in search.search_all("(objectClass=pwdPolicy)", _PPOLICY)])


def _windows_policy(search: PeopleSearch, person: Entry | None) -> PasswordPolicy:
    own = person.first("msDS-ResultantPSO") if person else None
    objects = search.search_all("(objectClass=msDS-PasswordSettings)", _OBJECT) if own else []
    for entry in objects:
        if own is not None and entry.dn.casefold() == own.casefold():
            complexity = entry.first("msDS-PasswordComplexityEnabled")
            return PasswordPolicy(
                min_length=_number(entry.first("msDS-MinimumPasswordLength")),
                history=_number(entry.first("msDS-PasswordHistoryLength")),
                min_age_s=_span_s(entry.first("msDS-MinimumPasswordAge")),
                max_age_s=_span_s(entry.first("msDS-MaximumPasswordAge")),
                needs_kinds=None if complexity is None else complexity.upper() == "TRUE",
            )
    if own is not None:
        # Rules of their own that can't be read: the domain's would be a wrong promise.
        return PasswordPolicy()
    domain = _domain(search)
    properties = _number(domain.first("pwdProperties"))
    return PasswordPolicy(
        min_length=_number(domain.first("minPwdLength")),
        history=_number(domain.first("pwdHistoryLength")),
        min_age_s=_span_s(domain.first("minPwdAge")),
        max_age_s=_span_s(domain.first("maxPwdAge")),
        needs_kinds=None if properties is None else bool(properties & _COMPLEX),
    )


def _ppolicy(search: PeopleSearch, person: Entry | None) -> PasswordPolicy:
    own = person.first("pwdPolicySubentry") if person else None
    entries = search.search_all("(objectClass=pwdPolicy)", _PPOLICY)
    if own is not None:
        entries = [entry for entry in entries if entry.dn.casefold() == own.casefold()]
    # Of several nothing tells which one is the server's own default.
    if len(entries) != 1:
        return PasswordPolicy()
    return PasswordPolicy(
        min_length=_number(entries[0].first("pwdMinLength")),
        history=_number(entries[0].first("pwdInHistory")),
        min_age_s=_number(entries[0].first("pwdMinAge")),
        max_age_s=_number(entries[0].first("pwdMaxAge")) or None,
    )


def _domain(search: PeopleSearch) -> Entry:
    found = search.search_all("(objectClass=domainDNS)", _DOMAIN)
    base = domain_of(search.user_base).casefold()
    return next((entry for entry in found if entry.dn.casefold() == base), Entry("", {}))


def _lockout_of_ppolicy(entry: Entry) -> LockoutPolicy | None:
    if (entry.first("pwdLockout") or "").upper() != "TRUE":
        return LockoutPolicy(threshold=0, window_s=0)
    # Zero: failures are forgotten by a sign-in alone.
    return _lockout(entry.first("pwdMaxFailure"), _number(entry.first("pwdFailureCountInterval")) or _NEVER_FORGOTTEN_S)


def _lockout(threshold: str | None, window_s: int | None) -> LockoutPolicy | None:
    number = _number(threshold)
    return None if number is None else LockoutPolicy(threshold=number, window_s=window_s or 0)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdecimal() else None


def _span_s(text: str | None) -> int | None:
    """A span of time as Windows keeps it: negative tenths of a microsecond; the least number: never."""
    number = _number(text)
    if number is None or number == -(2**63):
        return None
    return -number // _TENTHS_OF_MICROSECONDS
