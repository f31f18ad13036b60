"""Passwords checked by an LDAP directory (RFC 4511, RFC 4513) over StartTLS or LDAPS, on one server or several."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import structlog

from auth.ldap_lookup import Outcome, make_plans
from auth.ldap_server import LdapServer
from auth.ldap_turns import Turns
from broker.ports import DirectoryUnavailable, PasswordRejected
from broker.secret import Secret
from broker.settings import LdapSettings
from broker.signin.inputs import refuse_login, refuse_password

_log = structlog.stdlib.get_logger()

_Asked = dict["asyncio.Task[Outcome]", int]


class LdapAuthenticator:
    """An :class:`broker.ports.Authenticator` on one directory. Raises :class:`ConfigurationError` when made.

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
        asked: _Asked = {}
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._ask_in_turn(asked, login, password)
        except TimeoutError:
            return DirectoryUnavailable(f"no answer within {self._deadline_s:g} s")
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    def close(self) -> None:
        for server in self._servers:
            server.close()

    async def _ask_in_turn(self, asked: _Asked, login: str, password: Secret) -> Outcome:
        faults: list[str] = []
        left = iter(self._turns.order(_now_s()))
        self._ask_next(left, asked, login, password)
        while asked:
            is_last = len(faults) + len(asked) == len(self._servers)
            done, silent = await asyncio.wait(
                asked, timeout=None if is_last else self._failover_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                outcome = task.result()
                if not isinstance(outcome, DirectoryUnavailable):
                    self._turns.note_answer(asked[task])
                    return outcome
                faults.append(self._note_fault(asked.pop(task), outcome.detail))
            if not done:
                # Even the one that was asked last has had its time.
                self._note_silence(silent, asked)
            self._ask_next(left, asked, login, password)
        return DirectoryUnavailable("; ".join(faults))

    def _ask_next(self, left: Iterator[int], asked: _Asked, login: str, password: Secret) -> None:
        place = next(left, None)
        if place is not None:
            asked[asyncio.create_task(self._servers[place].ask(login, password))] = place

    def _note_silence(self, silent: "set[asyncio.Task[Outcome]]", asked: _Asked) -> None:
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
