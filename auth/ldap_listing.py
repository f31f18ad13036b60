"""One directory as a source of a sync: its servers are asked one after the other, each page in a thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from auth.ldap_changes import group_reader
from auth.ldap_listing_rules import list_person
from auth.ldap_lookup import Conversation, Plan, make_plans
from auth.ldap_names import fill_filter
from auth.ldap_pages import extent_of
from auth.ldap_people import SUCCESS, Stopped
from auth.ldap_reading import Step, read_directory
from auth.ldap_server import try_asking
from broker.directory_settings import LdapSettings
from broker.model.directory import Cursor, ListedPerson
from broker.model.login_forms import read_form
from broker.ports import DirectoryPage, DirectoryUnavailable, ReadingEvent
from broker.secret import Secret

T = TypeVar("T")
_REREAD_AT_ONCE: Final = 25
_STEP_TIMES: Final = 4
"""A step asks a few questions, each of which ends by itself."""


class LdapListing:
    """A :class:`broker.ports.DirectorySource`. Raises :class:`ConfigurationError` when made.

    One thread of its own: no sign-in waits for it, and it holds one connection at a time.
    """

    def __init__(self, settings: LdapSettings, bind_password: Secret, ca_path: Path) -> None:
        self._plans = make_plans(settings, bind_password, ca_path)
        self._settings = self._plans[0].settings
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ldap-sync")
        self._step_s = settings.connect_timeout_s + _STEP_TIMES * settings.operation_timeout_s

    async def read(self, since: Cursor | None) -> AsyncGenerator[ReadingEvent]:
        """The first server that begins to answer is the only one: another one may know other entries."""
        faults: list[str] = []
        for plan in sorted(self._plans, key=lambda one: since is not None and _name(one) != since.server):
            talk = Conversation(plan)
            steps = read_directory(talk, since, self._settings.page_size)
            try:
                event = await self._step(talk, steps)
                if isinstance(event, DirectoryUnavailable):
                    faults.append(event.detail if len(self._plans) == 1 else f"{_name(plan)}: {event.detail}")
                    continue
                while isinstance(event, DirectoryPage):
                    yield event
                    event = await self._step(talk, steps)
                yield event
                return
            finally:
                await self._end(talk)
        yield DirectoryUnavailable("; ".join(faults))

    async def reread(self, logins: Sequence[str]) -> Sequence[ListedPerson] | DirectoryUnavailable:
        found: list[ListedPerson] = []
        for start in range(0, len(logins), _REREAD_AT_ONCE):
            some = logins[start : start + _REREAD_AT_ONCE]
            answer = await self._reread_some(some)
            if isinstance(answer, DirectoryUnavailable):
                return answer
            found += answer
        return found

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _reread_some(self, logins: Sequence[str]) -> list[ListedPerson] | DirectoryUnavailable:
        faults: list[str] = []
        for plan in self._plans:
            talk = Conversation(plan)
            try:
                answer = await self._ask(talk, partial(_find_people, talk, logins))
            finally:
                await self._end(talk)
            if not isinstance(answer, DirectoryUnavailable):
                return answer
            faults.append(answer.detail)
        return DirectoryUnavailable("; ".join(faults))

    async def _step(self, talk: Conversation, steps: Iterator[Step]) -> Step | DirectoryUnavailable:
        return await self._ask(talk, lambda: next(steps))

    async def _ask(self, talk: Conversation, question: Callable[[], T]) -> T | DirectoryUnavailable:
        work = asyncio.get_running_loop().run_in_executor(self._thread, try_asking, question)
        try:
            async with asyncio.timeout(self._step_s):
                return await asyncio.shield(work)
        except TimeoutError:
            talk.abort()
            await asyncio.wait([work])
            return DirectoryUnavailable(f"no answer within {self._step_s:g} s")

    async def _end(self, talk: Conversation) -> None:
        """The thread lets go first: what it waits for is over."""
        talk.abort()
        await asyncio.get_running_loop().run_in_executor(self._thread, talk.close)


def _name(plan: Plan) -> str:
    return f"{plan.address.host}:{plan.address.port}"


def _find_people(talk: Conversation, logins: Sequence[str]) -> list[ListedPerson]:
    line, settings = talk.bind_service_line(), talk.plan.settings
    extent, groups_of = extent_of(settings), group_reader(line, settings, settings.page_size)
    found: list[ListedPerson] = []
    for login in (typed for one in logins if (typed := read_form(settings.login_forms[0], one)) is not None):
        wanted = fill_filter(settings.user_filter, {"login": login, "dn": ""})
        answer, entries = line.search(extent.people_where, wanted, extent.people_attributes, limit=0)
        if answer.code != SUCCESS:
            raise Stopped(f"reading a person failed: {answer.detail}")
        known = [entry for entry in entries if entry.first(settings.login_attribute) is not None]
        found += [list_person(entry, groups_of(entry), settings) for entry in known]
    return found
