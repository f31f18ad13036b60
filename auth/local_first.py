"""One tenant's local accounts and directories behind one face. A login belongs to one of them, never to both."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from auth.local import Found, LocalAccounts
from broker.model.accounts import login_key_of
from broker.model.passwords import NewPasswordFault, PasswordPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import (
    ChangeAnswer,
    DirectoryUnavailable,
    NewPasswordRefused,
    PasswordAccepted,
    PasswordRejected,
    PersonGone,
    Standing,
)
from broker.secret import Secret
from broker.signin.inputs import refuse_login, refuse_password

_NAMESAKE_WAIT_S: Final = 2.0
_UNKNOWN: Final = PersonGone(SigninRefusal.UNKNOWN_USER)
Outcome = PasswordAccepted | PasswordRejected | DirectoryUnavailable


class Directories(Protocol):
    """What is asked of the directories."""

    async def verify(self, login: str, password: Secret, *, is_known: bool = False) -> Outcome: ...
    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable: ...
    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer: ...
    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable: ...


class LocalFirst:
    """A :class:`broker.ports.Authenticator` and :class:`broker.ports.DirectoryReader`. ``changes_theirs``: whether
    people of the directories change their passwords here.

    A login that is local is never asked of a directory with its password. When a directory knows it too, nobody gets
    in by it (``several_directories``) but an emergency administrator: whoever writes in the directory could shut that
    one out. A directory that is silent for two seconds is not waited for: local accounts are there for that day.
    """

    def __init__(self, local: LocalAccounts, directories: Directories | None, *, changes_theirs: bool = True) -> None:
        self._local = local
        self._directories = directories
        self._changes_theirs = changes_theirs

    async def verify(self, login: str, password: Secret, *, is_known: bool = False) -> Outcome:
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        found = await self._local.find(login)
        if self._directories is None:
            return await self._local.verify(login, password)
        if found is None:
            outcome, _ = await asyncio.gather(
                self._directories.verify(login, password, is_known=is_known), self._local.spend_time(password)
            )
            return await self._refuse_stranger(login, outcome)
        return await self._check(found, self._directories, password)

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        local = await self._local.look_up(logins)
        rest = [login for login in logins if login not in local]
        if self._directories is None:
            return local | dict.fromkeys(rest, _UNKNOWN)
        if not rest:
            return local
        answer = await self._directories.look_up(rest)
        if isinstance(answer, DirectoryUnavailable):
            return local or answer
        return local | dict(answer)

    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer:
        """A :class:`broker.ports.PasswordChanger`: whose password it is changes it."""
        found = await self._local.find(login)
        if found is not None:
            return await self._local.change(found, old, new)
        if self._directories is None or not self._changes_theirs:
            return NewPasswordRefused(NewPasswordFault.NOT_ALLOWED)
        return await self._directories.change_password(login, old, new)

    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable:
        if self._directories is None or await self._local.find(login) is not None:
            return self._local.policy()
        return await self._directories.read_policy(login) if self._changes_theirs else PasswordPolicy()

    async def _check(self, found: Found, directories: Directories, password: Secret) -> Outcome:
        account, _user = found
        outcome, is_shared = await asyncio.gather(
            self._local.check(found, password), _knows(directories, account.login)
        )
        is_saved = account.is_emergency and isinstance(outcome, PasswordAccepted)
        return PasswordRejected(SigninRefusal.SEVERAL_DIRECTORIES) if is_shared and not is_saved else outcome

    async def _refuse_stranger(self, login: str, outcome: Outcome) -> Outcome:
        """The directory may know a person by another name than the one that was typed, and that one may be local."""
        # Looked up after a refusal as well: the time that this takes must not tell that a password was right.
        known_as = outcome.person.login if isinstance(outcome, PasswordAccepted) else login
        local = await self._local.find(known_as)
        if isinstance(outcome, PasswordAccepted) and local is not None:
            return PasswordRejected(SigninRefusal.SEVERAL_DIRECTORIES)
        if isinstance(outcome, PasswordAccepted) and outcome.must_change and not self._changes_theirs:
            return PasswordRejected(SigninRefusal.PASSWORD_EXPIRED)
        return outcome


async def _knows(directories: Directories, login: str) -> bool:
    try:
        async with asyncio.timeout(_NAMESAKE_WAIT_S):
            answer = await directories.look_up(sorted({login, login_key_of(login)}))
    except TimeoutError:
        return False
    return not isinstance(answer, DirectoryUnavailable) and any(each != _UNKNOWN for each in answer.values())
