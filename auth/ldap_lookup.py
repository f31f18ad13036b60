"""Conversations with a directory: one sign-in (find the person, read the groups, try the password), or a review.

Every outcome of a sign-in takes the same steps, so that time tells nothing: who was not found is tried under a name
that nobody bears.
"""

import re
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import structlog

from auth.ldap_connection import Address, Answer, Entry, Line, make_tls_context, parse_url
from auth.ldap_dialect import complete
from auth.ldap_kept import KeptLines
from auth.ldap_lockout import Lockouts
from auth.ldap_people import (
    SUCCESS,
    PeopleSearch,
    Stopped,
    describe_person,
    is_disabled,
    is_expired,
    login_of,
    password_end_of,
)
from auth.ldap_policy import read_lockout
from auth.ldap_ppolicy import PolicyError, PolicyWord, read_policy_word
from auth.ldap_try import Try
from auth.ldap_turns import LeftToAnother, Once
from broker.directory_settings import LdapSettings
from broker.errors import ConfigurationError
from broker.model.ids import new_id
from broker.model.passwords import LockoutPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import (
    DirectoryPerson,
    DirectoryUnavailable,
    PasswordAccepted,
    PasswordRejected,
    PersonGone,
    PersonStands,
    Standing,
)
from broker.secret import Secret

Outcome = PasswordAccepted | PasswordRejected | DirectoryUnavailable

_log = structlog.stdlib.get_logger()
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


class Plan(msgspec.Struct, frozen=True):
    """Settings of one directory, checked."""

    settings: LdapSettings
    bind_password: Secret
    address: Address
    context: ssl.SSLContext
    lockouts: Lockouts
    service_lines: KeptLines
    password_lines: KeptLines

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
    lockouts = Lockouts(settings.assumed_lockout_threshold)
    most = settings.max_threads
    return [
        Plan(settings, bind_password, address, context, lockouts, KeptLines(most), KeptLines(most))
        for address in addresses
    ]


class Conversation:
    """One conversation, for one thread: its lines are closed at its end, or kept for others when all went well.
    :meth:`abort` may come from another thread."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._lines: dict[Line, KeptLines | None] = {}
        self._is_aborted = False
        self._lock = threading.Lock()

    def abort(self) -> None:
        with self._lock:
            self._is_aborted = True
            lines = list(self._lines)
        for line in lines:
            line.abort()

    def settle(self) -> None:
        """Every answer has been read: lines of the kinds that are kept wait for the next conversation."""
        with self._lock:
            if self._is_aborted:
                return
            settled = [(line, kept) for line, kept in self._lines.items() if kept is not None]
            for line, _ in settled:
                del self._lines[line]
        for line, kept in settled:
            kept.keep(line)

    def close(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, {}
        for line, kept in lines.items():
            if kept is not None:
                kept.forget(line)
            line.close()

    def new_line(self) -> Line:
        """Raises :class:`Stopped` once nobody waits for the answer."""
        return self._add(self.plan.line(), None)

    def password_line(self) -> Line:
        """For the binds of people alone: one that others have used before, or a new one."""
        kept = self.plan.password_lines
        return self._add(kept.take() or self.plan.line(), kept)

    def bind_service(self) -> PeopleSearch:
        """Over a line that the service account has bound before, or a new one."""
        kept = self.plan.service_lines
        line = kept.take()
        if line is None:
            line = self.bind_service_line()
        return PeopleSearch(self.plan.settings, self._add(line, kept))

    def _add(self, line: Line, kept: KeptLines | None) -> Line:
        with self._lock:
            self._lines[line] = kept
            if not self._is_aborted:
                return line
        raise Stopped("the deadline has passed")

    def bind_service_line(self) -> Line:
        service = self.new_line()
        bound = service.bind(self.plan.settings.bind_dn, self.plan.bind_password)
        if bound.code != SUCCESS:
            raise Stopped(f"the service account was refused: {bound.detail}")
        return service


def check_password(
    talk: Conversation, login: str, password: Secret, once: Once, *, is_known: bool
) -> Outcome | LeftToAnother:
    """Raises :class:`Stopped`, and what ldap3 and sockets raise."""
    search = talk.bind_service()
    policy = lockout_of(talk.plan, search)
    read_s = time.monotonic()
    found = search.find(login)
    entry = found if isinstance(found, Entry) else search.nobody()
    groups, manager = search.read_groups(entry, login), search.read_manager(entry)
    with Try(talk.plan.lockouts, talk.plan.settings.kind, entry, policy, read_s, is_known=is_known) as attempt:
        if not attempt.is_allowed:
            entry = search.nobody()
        # A connection of its own: the service account's identity never stands behind a password.
        typed = password if attempt.is_allowed and isinstance(found, Entry) else Secret(new_id())
        line = talk.password_line()
        line.connect(entry.dn, typed)
        if not once.take():
            return LeftToAnother()
        attempt.begin()
        answer = line.send_bind()
        if not isinstance(found, Entry):
            return PasswordRejected(found)
        if not attempt.is_allowed:
            return PasswordRejected(attempt.refusal)
        outcome = _judge(found, answer, describe_person(found, groups, talk.plan.settings, manager=manager))
        attempt.note(outcome)
        return outcome


def lockout_of(plan: Plan, search: PeopleSearch) -> LockoutPolicy:
    """The directory's own lock, read again now and then."""
    known = plan.lockouts.known(time.monotonic())
    if known is None:
        known = read_lockout(search, plan.settings.kind)
        plan.lockouts.learn(known, time.monotonic())
        if known.threshold is None and not plan.lockouts.assumed:
            _log.warning("directory.lockout_unknown", directory=plan.settings.id)
    return known


def locate(talk: Conversation, login: str) -> str | None:
    """The login as the directory has it; None for nobody. Of several people with one login: as it was typed."""
    found = talk.bind_service().find(login)
    if isinstance(found, Entry):
        return login_of(found, talk.plan.settings)
    return login if found is SigninRefusal.AMBIGUOUS_USER else None


def review(talk: Conversation, logins: Sequence[str]) -> Mapping[str, Standing]:
    """How people stand who do not sign in right now. Raises :class:`Stopped`, and what ldap3 and sockets raise."""
    search = talk.bind_service()
    return {login: standing for login in logins if (standing := _review_one(search, login))}


def _review_one(search: PeopleSearch, login: str) -> Standing | None:
    entry = search.find(login)
    if entry is SigninRefusal.AMBIGUOUS_USER:
        return None
    if not isinstance(entry, Entry):
        return PersonGone(entry)
    if is_disabled(entry):
        return PersonGone(SigninRefusal.ACCOUNT_DISABLED)
    if is_expired(entry, datetime.now(UTC)):
        return PersonGone(SigninRefusal.ACCOUNT_EXPIRED)
    return PersonStands(search.describe(entry, login))


def _judge(entry: Entry, answer: Answer, person: DirectoryPerson) -> PasswordAccepted | PasswordRejected:
    verdict = judge_bind(entry, answer)
    if isinstance(verdict, PasswordRejected):
        return verdict
    return PasswordAccepted(person, must_change=verdict.must_change, ends_at=verdict.ends_at)


class Passed(msgspec.Struct, frozen=True):
    """The password is right. ``must_change``: the directory takes it for nothing but changing it."""

    must_change: bool
    ends_at: datetime | None


def judge_bind(entry: Entry, answer: Answer) -> Passed | PasswordRejected:
    """What a bind as this person proves. Raises :class:`Stopped` when it proves nothing."""
    if is_disabled(entry):
        return PasswordRejected(SigninRefusal.ACCOUNT_DISABLED)
    word = read_policy_word(answer.policy)
    if answer.code == _INVALID_CREDENTIALS:
        cause = _explain_refusal(entry, answer, word)
        # A domain controller says this of the right password alone; it can be changed all the same.
        if cause is SigninRefusal.PASSWORD_EXPIRED and word.error is None and not is_expired(entry, datetime.now(UTC)):
            return Passed(must_change=True, ends_at=None)
        return PasswordRejected(cause)
    if answer.code in _REFUSALS:
        return PasswordRejected(_REFUSALS[answer.code])
    if answer.code != SUCCESS:
        raise Stopped(f"the password could not be checked: {answer.detail}")
    must_change = word.error is PolicyError.MUST_CHANGE or word.grace_left is not None
    return Passed(must_change, password_end_of(entry) or _end_in(word.seconds_left))


def _end_in(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)


def _explain_refusal(entry: Entry, answer: Answer, word: PolicyWord) -> SigninRefusal:
    """OpenLDAP tells in a control and keeps a lock in the entry; Active Directory tells it in the message
    (``data 533``)."""
    if word.error is PolicyError.EXPIRED:
        return SigninRefusal.PASSWORD_EXPIRED
    code = _AD_CODE.search(answer.detail)
    if entry.first("pwdAccountLockedTime") or word.error is PolicyError.LOCKED:
        return SigninRefusal.DIRECTORY_LOCKED
    return _AD_REFUSALS.get(code.group(1) if code else "", SigninRefusal.WRONG_PASSWORD)
