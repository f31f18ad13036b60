"""Passwords that people change themselves: a plug of the directories that can."""

from typing import Protocol

import msgspec

from broker.model.passwords import LockoutPolicy, NewPasswordFault, PasswordPolicy
from broker.model.reasons import SigninRefusal
from broker.ports.identity import DirectoryUnavailable
from broker.secret import Secret


class PasswordChanged(msgspec.Struct, frozen=True):
    """The directory has taken the new password; the old one counts no more."""


class NewPasswordRefused(msgspec.Struct, frozen=True):
    """The old password was right or was not asked for; the new one does not meet the rules."""

    fault: NewPasswordFault


class OldPasswordRefused(msgspec.Struct, frozen=True):
    """The old password did not pass: the directory counts it as a failed sign-in."""

    cause: SigninRefusal


ChangeAnswer = PasswordChanged | NewPasswordRefused | OldPasswordRefused | DirectoryUnavailable


class PasswordChanger(Protocol):
    """Changes a password by proof of the old one, never by an administrator's reset: the directory's rules hold."""

    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer: ...
    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable: ...


class LockoutReader(Protocol):
    """Tells when the directory locks an account by itself."""

    async def read_lockout(self) -> LockoutPolicy | DirectoryUnavailable: ...
