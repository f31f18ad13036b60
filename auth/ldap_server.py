"""One server of a directory: ldap3 is synchronous, so its work runs in a few threads of its own."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import structlog
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from auth.ldap_health import HealthRecord
from auth.ldap_kept import IDLE_S
from auth.ldap_lookup import Conversation, Plan
from auth.ldap_people import Stopped
from broker.model.directory_health import ServerHealth
from broker.ports import DirectoryUnavailable

T = TypeVar("T")
Question = Callable[[Conversation], T]
"""What is asked over a conversation, in a thread."""

_WAITING_PER_THREAD: Final = 8
_CALL_OFF_AGAIN_S: Final = 0.25
TOO_MANY: Final = "too many sign-ins wait for the directory"
_log = structlog.stdlib.get_logger()


class LdapServer:
    """Threads of its own, so that a server that hangs takes none from another one."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.name = f"{plan.address.host}:{plan.address.port}"
        self.record = HealthRecord(plan.settings.id, self.name)
        self._max_threads = plan.settings.max_threads
        self._threads = ThreadPoolExecutor(self._max_threads, thread_name_prefix="ldap")
        self._counting = threading.Lock()
        self._in_flight = 0
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, question: Question[T]) -> T | DirectoryUnavailable:
        """Whoever stops waiting gives the thread back."""
        began_s = time.monotonic()
        outcome = await self.try_out(question)
        if isinstance(outcome, DirectoryUnavailable):
            self.record.note_fault(outcome.detail)
        else:
            self.record.note_answer(time.monotonic() - began_s)
        return outcome

    async def try_out(self, question: Question[T]) -> T | DirectoryUnavailable:
        """The same without a word in the record: the question may answer well of a server that is not."""
        if not self._enter():
            return DirectoryUnavailable(TOO_MANY)
        talk = Conversation(self._plan)
        future = self._threads.submit(_run, talk, question)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wrap_future(future)
        finally:
            self._call_off(talk, future)
            self._sweep_later()

    def _call_off(self, talk: Conversation, future: Future[T]) -> None:
        """The caller is gone or served: the thread must not go on waiting for a silent server.

        Said again until the thread is free: a socket that becomes another one (TLS) in this moment hears it not.
        """
        talk.abort()
        if not future.done():
            asyncio.get_running_loop().call_later(_CALL_OFF_AGAIN_S, self._call_off, talk, future)

    def _sweep_later(self) -> None:
        """Lines that nobody uses any more are closed by themselves."""
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(IDLE_S, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        # Closing says goodbye over the network: not in the event loop's thread.
        self._threads.submit(self._sweep_lines, asyncio.get_running_loop())

    def _sweep_lines(self, loop: asyncio.AbstractEventLoop) -> None:
        is_left = [kept.sweep() for kept in (self._plan.service_lines, self._plan.password_lines)]
        if any(is_left):
            loop.call_soon_threadsafe(self._sweep_later)

    def health(self) -> ServerHealth:
        with self._counting:
            in_flight = self._in_flight
        return self.record.tell(in_flight=in_flight, max_threads=self._max_threads)

    def close(self) -> None:
        """Take no more work; what runs ends by its own deadline."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for kept in (self._plan.service_lines, self._plan.password_lines):
            kept.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _enter(self) -> bool:
        with self._counting:
            if self._in_flight >= self._max_threads * (1 + _WAITING_PER_THREAD):
                return False
            self._in_flight += 1
            return True

    def _leave(self, future: Future[T]) -> None:
        """In whatever thread the work ended."""
        del future
        with self._counting:
            self._in_flight -= 1


def _run(talk: Conversation, question: Question[T]) -> T | DirectoryUnavailable:
    try:
        outcome = try_asking(lambda: question(talk))
        if not isinstance(outcome, DirectoryUnavailable):
            talk.settle()
        return outcome
    finally:
        talk.close()


def try_asking(ask: Callable[[], T]) -> T | DirectoryUnavailable:
    """In a thread: whatever goes wrong with a directory, as a value."""
    try:
        return ask()
    except Stopped as stopped:
        return DirectoryUnavailable(str(stopped))
    except (LDAPException, PyAsn1Error, OSError) as error:
        return DirectoryUnavailable(f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  the thread's outermost edge: ldap3 trips over malformed answers
        _log.warning("directory.answer_unreadable", fault=type(error).__name__)
        return DirectoryUnavailable(f"the directory's answer could not be read: {type(error).__name__}")
