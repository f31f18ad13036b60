"""The directories of one tenant behind one face: which of them a name belongs to, and what of two that have it."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import structlog

from auth.ldap import LdapAuthenticator
from auth.ldap_lookup import Outcome
from broker.model.directory_health import CheckFinding, ServerHealth
from broker.model.kinds import SameLogin
from broker.model.login_forms import Route, find_routes, is_same_form, write_form
from broker.model.mapping import MappingRule, Matched
from broker.model.passwords import LockoutPolicy, PasswordPolicy, strictest
from broker.model.reasons import SigninRefusal
from broker.ports import (
    ChangeAnswer,
    DirectoryPerson,
    DirectoryUnavailable,
    OldPasswordRefused,
    PasswordAccepted,
    PasswordRejected,
    PersonGone,
    PersonStands,
    Standing,
)
from broker.secret import Secret
from broker.signin.inputs import refuse_login, refuse_password

_log = structlog.stdlib.get_logger()
_UNKNOWN: Final = PersonGone(SigninRefusal.UNKNOWN_USER)


class TenantDirectories:
    """A :class:`broker.ports.Authenticator` and :class:`broker.ports.DirectoryReader` on several directories.

    A directory that refused a person whom it knows has the last word: no other one sees the password.
    """

    def __init__(
        self, parts: Sequence[LdapAuthenticator], forms: Sequence[Sequence[str]], same_login: SameLogin
    ) -> None:
        self.parts = parts
        self._forms = forms
        self._same_login = same_login

    async def verify(self, login: str, password: Secret, *, is_known: bool = False) -> Outcome:
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        chosen = await self._find_part(login)
        if not isinstance(chosen, Route):
            return chosen
        outcome = await self.parts[chosen.directory].verify(chosen.login, password, is_known=is_known)
        if isinstance(outcome, PasswordAccepted):
            return msgspec.structs.replace(outcome, person=self._rename_person(chosen, outcome.person))
        return outcome

    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer:
        """A :class:`broker.ports.PasswordChanger`. ``login`` is the one by which the person is known."""
        chosen = await self._find_part(login)
        if isinstance(chosen, PasswordRejected):
            return OldPasswordRefused(chosen.cause)
        if isinstance(chosen, DirectoryUnavailable):
            return chosen
        return await self.parts[chosen.directory].change_password(chosen.login, old, new)

    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable:
        chosen = await self._find_part(login)
        if not isinstance(chosen, Route):
            return PasswordPolicy()
        return await self.parts[chosen.directory].read_policy(chosen.login)

    async def read_lockout(self) -> LockoutPolicy | DirectoryUnavailable:
        """A :class:`broker.ports.LockoutReader`: the strictest of all, since nobody says which one a name is of."""
        answers = await asyncio.gather(*(part.read_lockout() for part in self.parts))
        silent = [answer for answer in answers if isinstance(answer, DirectoryUnavailable)]
        return silent[0] if silent else strictest([answer for answer in answers if isinstance(answer, LockoutPolicy)])

    async def _find_part(self, login: str) -> Route | PasswordRejected | DirectoryUnavailable:
        routes = find_routes(self._forms, login)
        if not routes:
            return PasswordRejected(SigninRefusal.UNKNOWN_USER)
        return routes[0] if len(self.parts) == 1 else await self._choose(routes)

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        """Of whom a directory that is silent may know there is no word. Nobody answers: unavailable."""
        routes = {login: find_routes(self._forms, login) for login in logins}
        wanted: dict[int, list[str]] = defaultdict(list)
        for route in (each for found in routes.values() for each in found):
            wanted[route.directory].append(route.login)
        asked = await asyncio.gather(*(self.parts[place].look_up(wanted[place]) for place in wanted))
        answers = dict(zip(wanted, asked, strict=True))
        silent = {place: answer for place, answer in answers.items() if isinstance(answer, DirectoryUnavailable)}
        if silent and len(silent) == len(answers):
            return DirectoryUnavailable("; ".join(self._name(place, fault) for place, fault in silent.items()))
        for place, fault in silent.items():
            _log.warning("directory.review_failed", directory=self.parts[place].id, detail=fault.detail)
        settled = {login: self._settle(found, answers) for login, found in routes.items()}
        return {login: standing for login, standing in settled.items() if standing is not None}

    async def find_people(self, directory: str, rule: MappingRule) -> Matched | DirectoryUnavailable:
        """A part of :class:`broker.ports.directory_servers.DirectoryServers`."""
        place = next((place for place, part in enumerate(self.parts) if part.id == directory), None)
        if place is None:
            return DirectoryUnavailable(f"there is no directory {directory!r}")
        found = await self.parts[place].find_people(rule)
        if isinstance(found, DirectoryUnavailable):
            return found
        form = self._forms[place][0]
        people = tuple(msgspec.structs.replace(each, login=write_form(form, each.login)) for each in found.people)
        return msgspec.structs.replace(found, people=people)

    async def check(self) -> list[CheckFinding]:
        """Every server of every directory, all at once."""
        found = await asyncio.gather(*(part.check() for part in self.parts))
        return [finding for of_directory in found for finding in of_directory]

    def health(self) -> list[ServerHealth]:
        return [server for part in self.parts for server in part.health()]

    def close(self) -> None:
        for part in self.parts:
            part.close()

    async def _choose(self, routes: Sequence[Route]) -> Route | PasswordRejected | DirectoryUnavailable:
        """The one directory that has the person. Nobody's name goes to the first, as a known one would."""
        answers = await asyncio.gather(*(self.parts[route.directory].locate(route.login) for route in routes))
        found: list[tuple[Route, str]] = []
        for route, answer in zip(routes, answers, strict=True):
            if isinstance(answer, DirectoryUnavailable):
                return DirectoryUnavailable(self._name(route.directory, answer))
            if answer is not None:
                found.append((route, answer))
            if found and self._same_login is SameLogin.FIRST:
                break
        if not found:
            return routes[0]
        if len(found) > 1:
            return PasswordRejected(SigninRefusal.SEVERAL_DIRECTORIES)
        return await self._refuse_namesake(*found[0])

    async def _refuse_namesake(self, route: Route, login: str) -> Route | PasswordRejected | DirectoryUnavailable:
        """A person may be found by another of their names, such as the UPN: nobody else may be known by the same."""
        if login.casefold() == route.login.casefold():
            return route
        rivals = [place for place in range(len(self.parts)) if self._shares_names(place, route.directory)]
        for place in rivals:
            answer = await self.parts[place].locate(login)
            if isinstance(answer, DirectoryUnavailable):
                return DirectoryUnavailable(self._name(place, answer))
            if answer is not None:
                return PasswordRejected(SigninRefusal.SEVERAL_DIRECTORIES)
        return route

    def _shares_names(self, place: int, directory: int) -> bool:
        if self._same_login is SameLogin.FIRST and place > directory:
            return False
        return place != directory and is_same_form(self._forms[place][0], self._forms[directory][0])

    def _settle(
        self, routes: Sequence[Route], answers: Mapping[int, Mapping[str, Standing] | DirectoryUnavailable]
    ) -> Standing | None:
        known: list[Standing] = []
        for route in routes:
            answer = answers[route.directory]
            standing = None if isinstance(answer, DirectoryUnavailable) else answer.get(route.login)
            if standing is None:
                return None
            if standing != _UNKNOWN:
                known.append(self._rename(route, standing))
            if known and self._same_login is SameLogin.FIRST:
                break
        return None if len(known) > 1 else next(iter(known), _UNKNOWN)

    def _rename(self, route: Route, standing: Standing) -> Standing:
        if isinstance(standing, PersonGone):
            return standing
        return PersonStands(self._rename_person(route, standing.person))

    def _rename_person(self, route: Route, person: DirectoryPerson) -> DirectoryPerson:
        """By the first form; their head is of the same directory."""
        form = self._forms[route.directory][0]
        manager = write_form(form, person.manager) if person.manager else ""
        return msgspec.structs.replace(person, login=write_form(form, person.login), manager=manager)

    def _name(self, place: int, fault: DirectoryUnavailable) -> str:
        return fault.detail if len(self.parts) == 1 else f"{self.parts[place].id}: {fault.detail}"
