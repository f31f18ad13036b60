"""Another password for somebody who proves the old one: never a reset, so that the directory's own rules hold.

Active Directory: ``unicodePwd`` with the old value deleted and the new one added ([MS-ADTS] 3.1.1.3.1.5). The service
account does it for the person, because whoever has to change theirs can't bind; it needs no right besides
User-Change-Password, which everybody has on every account unless it was taken away. Others: the password modify
operation (RFC 3062) by the person themselves.
"""

import re
import time
from datetime import UTC, datetime
from typing import Final

from auth.ldap_connection import Answer, Entry
from auth.ldap_lookup import Conversation, judge_bind, lockout_of
from auth.ldap_people import SUCCESS, Stopped, is_disabled, is_expired
from auth.ldap_ppolicy import PolicyError, read_policy_word
from auth.ldap_try import Try
from auth.ldap_turns import LeftToAnother, Once
from broker.model.kinds import DirectoryKind
from broker.model.passwords import NewPasswordFault
from broker.model.reasons import SigninRefusal
from broker.ports import ChangeAnswer, NewPasswordRefused, OldPasswordRefused, PasswordChanged, PasswordRejected
from broker.secret import Secret

_CONSTRAINT: Final = 19
_INSUFFICIENT: Final = 50
_UNWILLING: Final = 53
_SYSTEM_CODE: Final = re.compile(r"\b0000([0-9A-Fa-f]{4}):")
"""Windows' own error code at the beginning of the message."""
_OLD_WRONG: Final = {"0056": SigninRefusal.WRONG_PASSWORD, "0775": SigninRefusal.DIRECTORY_LOCKED}
_TOLD_IN_WORDS: Final = (
    # Samba says which rule it was; Windows says 0000052D for all of them.
    ("too short", NewPasswordFault.TOO_SHORT),
    ("complexity", NewPasswordFault.TOO_SIMPLE),
    ("history", NewPasswordFault.USED_BEFORE),
    ("already used", NewPasswordFault.USED_BEFORE),
    ("too young", NewPasswordFault.TOO_YOUNG),
)
_TOLD_BY_CONTROL: Final = {
    PolicyError.CHANGE_NOT_ALLOWED: NewPasswordFault.NOT_ALLOWED,
    PolicyError.TOO_SIMPLE: NewPasswordFault.TOO_SIMPLE,
    PolicyError.TOO_SHORT: NewPasswordFault.TOO_SHORT,
    PolicyError.TOO_YOUNG: NewPasswordFault.TOO_YOUNG,
    PolicyError.IN_HISTORY: NewPasswordFault.USED_BEFORE,
}


def change_password(
    talk: Conversation, login: str, old: Secret, new: Secret, once: Once
) -> ChangeAnswer | LeftToAnother:
    """Raises :class:`Stopped`, and what ldap3 and sockets raise."""
    search = talk.bind_service()
    policy = lockout_of(talk.plan, search)
    read_s = time.monotonic()
    entry = search.find(login)
    if not isinstance(entry, Entry):
        return OldPasswordRefused(entry)
    # A domain controller would change the password of an account that may not be used.
    if is_disabled(entry):
        return OldPasswordRefused(SigninRefusal.ACCOUNT_DISABLED)
    if is_expired(entry, datetime.now(UTC)):
        return OldPasswordRefused(SigninRefusal.ACCOUNT_EXPIRED)
    # Whoever comes so far has shown a second factor: the tries that strangers don't get are theirs.
    with Try(talk.plan.lockouts, talk.plan.settings.kind, entry, policy, read_s, is_known=True) as attempt:
        if not attempt.is_allowed:
            return OldPasswordRefused(attempt.refusal)
        if not once.take():
            return LeftToAnother()
        attempt.begin()
        if talk.plan.settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
            answer = read_windows_answer(search.line.swap_unicode_password(entry.dn, old, new))
        else:
            answer = _change_as_person(talk, entry, old, new)
        attempt.note_change(answer)
        return answer


def _change_as_person(talk: Conversation, entry: Entry, old: Secret, new: Secret) -> ChangeAnswer:
    line = talk.new_line()
    bound = judge_bind(entry, line.bind(entry.dn, old))
    if isinstance(bound, PasswordRejected):
        return OldPasswordRefused(bound.cause)
    # The bind has proved the old one; OpenLDAP will not look at it again unless its policy asks for it.
    answer = line.modify_password(entry.dn, None, new)
    if read_policy_word(answer.policy).error is PolicyError.OLD_MISSING:
        answer = line.modify_password(entry.dn, old, new)
    return read_ldap_answer(answer)


def read_windows_answer(answer: Answer) -> ChangeAnswer:
    """Raises :class:`Stopped` for what is no answer about passwords."""
    if answer.code == SUCCESS:
        return PasswordChanged()
    found = _SYSTEM_CODE.search(answer.detail)
    code = found.group(1).upper() if found else ""
    if answer.code == _CONSTRAINT and code in _OLD_WRONG:
        return OldPasswordRefused(_OLD_WRONG[code])
    if answer.code in {_CONSTRAINT, _UNWILLING}:
        return NewPasswordRefused(_fault_in_words(answer.detail))
    if answer.code == _INSUFFICIENT:
        return NewPasswordRefused(NewPasswordFault.NOT_ALLOWED)
    raise Stopped(f"the password could not be changed: {answer.detail}")


def read_ldap_answer(answer: Answer) -> ChangeAnswer:
    """Raises :class:`Stopped` for what is no answer about passwords."""
    if answer.code == SUCCESS:
        return PasswordChanged()
    error = read_policy_word(answer.policy).error
    if error is not None and error in _TOLD_BY_CONTROL:
        return NewPasswordRefused(_TOLD_BY_CONTROL[error])
    if answer.code == _INSUFFICIENT:
        return NewPasswordRefused(NewPasswordFault.NOT_ALLOWED)
    if answer.code in {_CONSTRAINT, _UNWILLING}:
        return NewPasswordRefused(_fault_in_words(answer.detail))
    raise Stopped(f"the password could not be changed: {answer.detail}")


def _fault_in_words(detail: str) -> NewPasswordFault:
    words = detail.lower()
    return next((fault for sign, fault in _TOLD_IN_WORDS if sign in words), NewPasswordFault.RULES)
