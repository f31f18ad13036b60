"""A directory in memory: people with passwords, switched off at will. It passes the conformance suite."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from broker.model.kinds import Role
from broker.model.passwords import NewPasswordFault, PasswordPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import (
    ChangeAnswer,
    DirectoryPerson,
    DirectoryUnavailable,
    NewPasswordRefused,
    OldPasswordRefused,
    PasswordAccepted,
    PasswordChanged,
    PasswordRejected,
    PersonGone,
    PersonStands,
    Standing,
)
from broker.secret import Secret
from broker.signin.inputs import refuse_login, refuse_password

MIN_LENGTH = 12


class FakePerson(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    password: str
    display_name: str = "山田 太郎"
    department: str = "情報政策課"
    groups: frozenset[str] = frozenset({"telework"})
    roles: frozenset[Role] = frozenset()
    heads: frozenset[str] = frozenset()
    manager: str = ""
    is_disabled: bool = False
    must_change: bool = False
    password_ends_at: datetime | None = None


class FakeAuthenticator:
    """Implements :class:`broker.ports.Authenticator`. ``asked`` keeps every login that reached the directory."""

    def __init__(self, *people: FakePerson) -> None:
        self.people: dict[str, FakePerson] = {person.login: person for person in people}
        self.asked: list[str] = []
        self.known: list[bool] = []
        self.changes: list[str] = []
        self.silent_about: set[str] = set()
        self.is_down = False
        self.gate: asyncio.Event | None = None
        """Set to an event to hold every answer back until it is set."""

    def put(self, person: FakePerson) -> None:
        self.people[person.login] = person

    async def verify(
        self, login: str, password: Secret, *, is_known: bool = False
    ) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable:
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        self.asked.append(login)
        self.known.append(is_known)
        if self.gate is not None:
            await self.gate.wait()
        if self.is_down:
            return DirectoryUnavailable("switched off")
        person = next((each for each in self.people.values() if each.login.casefold() == login.casefold()), None)
        if person is None:
            return PasswordRejected(SigninRefusal.UNKNOWN_USER)
        if person.is_disabled:
            return PasswordRejected(SigninRefusal.ACCOUNT_DISABLED)
        if Secret(person.password) != password:
            return PasswordRejected(SigninRefusal.WRONG_PASSWORD)
        return PasswordAccepted(_describe(person), person.must_change, person.password_ends_at)

    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer:
        """Implements :class:`broker.ports.PasswordChanger`: twelve characters at least."""
        self.changes.append(login)
        if self.gate is not None:
            await self.gate.wait()
        if self.is_down:
            return DirectoryUnavailable("switched off")
        person = self.people[login]
        if Secret(person.password) != old:
            return OldPasswordRefused(SigninRefusal.WRONG_PASSWORD)
        if len(new.reveal()) < MIN_LENGTH:
            return NewPasswordRefused(NewPasswordFault.TOO_SHORT)
        self.put(msgspec.structs.replace(person, password=new.reveal(), must_change=False, password_ends_at=None))
        return PasswordChanged()

    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable:
        return DirectoryUnavailable("switched off") if self.is_down else PasswordPolicy(min_length=MIN_LENGTH)

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        """Implements :class:`broker.ports.DirectoryReader`."""
        if self.is_down:
            return DirectoryUnavailable("switched off")
        return {login: self._standing_of(login) for login in logins if login not in self.silent_about}

    def _standing_of(self, login: str) -> Standing:
        person = self.people.get(login)
        if person is None:
            return PersonGone(SigninRefusal.UNKNOWN_USER)
        return PersonGone(SigninRefusal.ACCOUNT_DISABLED) if person.is_disabled else PersonStands(_describe(person))


def _describe(person: FakePerson) -> DirectoryPerson:
    return DirectoryPerson(
        login=person.login,
        display_name=person.display_name,
        department=person.department,
        groups=person.groups,
        roles=person.roles,
        heads=person.heads,
        manager=person.manager,
    )
