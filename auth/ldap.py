"""Passwords checked by an LDAP directory (RFC 4511, RFC 4513) over StartTLS or LDAPS, on one server or several."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog

from auth.ldap_change import change_password
from auth.ldap_lookup import Outcome, check_password, make_plans, review
from auth.ldap_policy import read_lockout, read_policy
from auth.ldap_server import LdapServer, Question
from auth.ldap_turns import Turns
from broker.model.passwords import LockoutPolicy, PasswordPolicy
from broker.ports import ChangeAnswer, DirectoryUnavailable, OldPasswordRefused, PasswordRejected, Standing
from broker.secret import Secret
from broker.settings import LdapSettings
from broker.signin.inputs import refuse_login, refuse_password

_log = structlog.stdlib.get_logger()

T = TypeVar("T")
_REVIEWED_AT_ONCE: Final = 50


class LdapAuthenticator:
    """A :class:`broker.ports.Authenticator` and :class:`broker.ports.DirectoryReader` on one directory.

    Raises :class:`ConfigurationError` when made.

    However its servers behave, an answer comes within ``connect_timeout_s + operation_timeout_s``, and at once when
    too many callers wait already. A server that is silent for ``failover_s`` is not waited for alone: the next one
    is asked as well, and the first answer counts. A wrong password may then count twice towards the directory's own
    lock, once on each server.
    """

    def __init__(self, settings: LdapSettings, bind_password: Secret, ca_path: Path) -> None:
        self._servers = [LdapServer(plan) for plan in make_plans(settings, bind_password, ca_path)]
        self._turns = Turns(len(self._servers))
        self._deadline_s = settings.connect_timeout_s + settings.operation_timeout_s
        self._failover_s = settings.failover_s

    async def verify(self, login: str, password: Secret) -> Outcome:
        """Find the person, then bind as them with the password on a connection of its own."""
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        return await self._ask(lambda talk: check_password(talk, login, password))

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        """A :class:`broker.ports.DirectoryReader`. What one server said is answered whole or not at all."""
        found: dict[str, Standing] = {}
        for start in range(0, len(logins), _REVIEWED_AT_ONCE):
            some = logins[start : start + _REVIEWED_AT_ONCE]
            answer = await self._ask(partial(review, logins=some))
            if isinstance(answer, DirectoryUnavailable):
                return answer
            found |= answer
        return found

    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer:
        """A :class:`broker.ports.PasswordChanger`. Asked of one server alone: twice is not what was wished."""
        if refusal := refuse_login(login) or refuse_password(old) or refuse_password(new):
            return OldPasswordRefused(refusal)
        return await self._ask(lambda talk: change_password(talk, login, old, new), one_by_one=True)

    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable:
        return await self._ask(partial(read_policy, login=login))

    async def read_lockout(self) -> LockoutPolicy | DirectoryUnavailable:
        """A :class:`broker.ports.LockoutReader`."""
        return await self._ask(read_lockout)

    def close(self) -> None:
        for server in self._servers:
            server.close()

    async def _ask(self, question: Question[T], *, one_by_one: bool = False) -> T | DirectoryUnavailable:
        asked: dict[asyncio.Task[T | DirectoryUnavailable], int] = {}
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._ask_in_turn(asked, question, one_by_one=one_by_one)
        except TimeoutError:
            return DirectoryUnavailable(f"no answer within {self._deadline_s:g} s")
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _ask_in_turn(
        self, asked: "dict[asyncio.Task[T | DirectoryUnavailable], int]", question: Question[T], *, one_by_one: bool
    ) -> T | DirectoryUnavailable:
        faults: list[str] = []
        left = iter(self._turns.order(_now_s()))
        while True:
            place = next(left, None)
            if place is not None:
                asked[asyncio.create_task(self._servers[place].ask(question))] = place
            if not asked:
                return DirectoryUnavailable("; ".join(faults))
            is_last = len(faults) + len(asked) == len(self._servers)
            done, silent = await asyncio.wait(
                asked, timeout=None if is_last or one_by_one else self._failover_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                outcome = task.result()
                if not isinstance(outcome, DirectoryUnavailable):
                    self._turns.note_answer(asked[task])
                    return outcome
                faults.append(self._note_fault(asked.pop(task), outcome.detail))
            if not done:
                # Even the one that was asked last has had its time.
                for task in silent:
                    self._note_fault(asked[task], f"silent for {self._failover_s:g} s")

    def _note_fault(self, place: int, detail: str) -> str:
        name = self._servers[place].name
        if len(self._servers) == 1:
            return detail
        if not self._turns.is_resting(place, _now_s()):
            _log.warning("directory.server_failed", server=name, detail=detail)
        self._turns.note_fault(place, _now_s())
        return f"{name}: {detail}"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
