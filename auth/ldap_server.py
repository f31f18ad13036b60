"""One server of a directory: ldap3 is synchronous, so its work runs in a few threads of its own."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import structlog
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from auth.ldap_lookup import Conversation, Plan
from auth.ldap_people import Stopped
from broker.ports import DirectoryUnavailable

T = TypeVar("T")
Question = Callable[[Conversation], T]
"""What is asked over a conversation, in a thread."""

_WAITING_PER_THREAD: Final = 8
_log = structlog.stdlib.get_logger()


class LdapServer:
    """Threads of its own, so that a server that hangs takes none from another one."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.name = f"{plan.address.host}:{plan.address.port}"
        max_threads = plan.settings.max_threads
        self._threads = ThreadPoolExecutor(max_threads, thread_name_prefix="ldap")
        self._places = threading.BoundedSemaphore(max_threads * (1 + _WAITING_PER_THREAD))

    async def ask(self, question: Question[T]) -> T | DirectoryUnavailable:
        """Whoever stops waiting gives the thread back."""
        if not self._places.acquire(blocking=False):
            return DirectoryUnavailable("too many sign-ins wait for the directory")
        talk = Conversation(self._plan)
        future = self._threads.submit(_run, talk, question)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wrap_future(future)
        finally:
            # The caller is gone or served: the thread must not go on waiting for a silent server.
            talk.abort()

    def close(self) -> None:
        """Take no more work; what runs ends by its own deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self, future: Future[T]) -> None:
        del future
        self._places.release()


def _run(talk: Conversation, question: Question[T]) -> T | DirectoryUnavailable:
    try:
        return try_asking(lambda: question(talk))
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
