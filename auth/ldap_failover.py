"""The servers of one directory, asked in turn: who is silent is not waited for alone."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import structlog

from auth.ldap_server import LdapServer, Question
from auth.ldap_turns import LeftToAnother, Once, Turns
from broker.model.directory_health import ServerHealth
from broker.ports import DirectoryUnavailable

_log = structlog.stdlib.get_logger()

T = TypeVar("T")
_Asked = dict[asyncio.Task[T | LeftToAnother | DirectoryUnavailable], int]


class Servers:
    """In the order of the settings.

    However they behave, an answer comes within ``deadline_s``, and at once when too many callers wait already. When a
    server is silent for ``failover_s`` the next one is asked as well, and the first answer counts. Once a server has
    the password no other one is asked: it may have counted it.
    """

    def __init__(self, servers: Sequence[LdapServer], *, deadline_s: float, failover_s: float) -> None:
        self._servers = servers
        self._turns = Turns(len(servers))
        self._deadline_s = deadline_s
        self._failover_s = failover_s

    async def ask(self, question: Question[T | LeftToAnother], once: Once | None = None) -> T | DirectoryUnavailable:
        """``once``: the right to send a password that the question takes."""
        once = once or Once()
        asked: _Asked[T] = {}
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._ask_in_turn(asked, question, once)
        except TimeoutError:
            detail = f"no answer within {self._deadline_s:g} s"
            for place in asked.values():
                self._note_silence(place, detail)
            return DirectoryUnavailable(detail, once.is_taken)
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _ask_in_turn(
        self, asked: _Asked[T], question: Question[T | LeftToAnother], once: Once
    ) -> T | DirectoryUnavailable:
        faults: list[str] = []
        left = self._turns.order(_now_s())
        while True:
            if left and not once.is_taken:
                place = left.pop(0)
                asked[asyncio.create_task(self._servers[place].ask(question))] = place
            if not asked:
                return DirectoryUnavailable("; ".join(faults), once.is_taken)
            is_last = not left or once.is_taken
            done, silent = await asyncio.wait(
                asked, timeout=None if is_last else self._failover_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                outcome = task.result()
                place = asked.pop(task)
                match outcome:
                    case LeftToAnother():
                        continue
                    case DirectoryUnavailable(detail=detail):
                        faults.append(self._note_fault(place, detail))
                    case _:
                        self._turns.note_answer(place)
                        return outcome
            if not done:
                # Even the one that was asked last has had its time.
                for task in silent:
                    self._note_silence(asked[task], f"silent for {self._failover_s:g} s")

    async def ask_each(self, question: Question[T]) -> list[tuple[str, T | DirectoryUnavailable]]:
        """Every server by itself, with its name; who does not answer in time is unavailable."""

        async def ask_one(server: LdapServer) -> tuple[str, T | DirectoryUnavailable]:
            try:
                async with asyncio.timeout(self._deadline_s):
                    return server.name, await server.try_out(question)
            except TimeoutError:
                return server.name, DirectoryUnavailable(f"no answer within {self._deadline_s:g} s")

        return await asyncio.gather(*(ask_one(server) for server in self._servers))

    def health(self) -> list[ServerHealth]:
        return [server.health() for server in self._servers]

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def _note_silence(self, place: int, detail: str) -> None:
        self._servers[place].record.note_fault(detail)
        self._note_fault(place, detail)

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
