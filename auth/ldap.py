"""Passwords checked by an LDAP directory (RFC 4511, RFC 4513) over StartTLS or LDAPS.

ldap3 is synchronous: its work runs in a few threads of its own and never stops the event loop.
"""

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from auth.ldap_lookup import Lookup, Outcome, make_plan
from broker.ports import DirectoryUnavailable, PasswordRejected
from broker.secret import Secret
from broker.settings import LdapSettings
from broker.signin.inputs import refuse_login, refuse_password

_WAITING_PER_THREAD: Final = 8
_log = structlog.stdlib.get_logger()


class LdapAuthenticator:
    """An :class:`broker.ports.Authenticator` on one directory. Raises :class:`ConfigurationError` when made.

    However the directory behaves, an answer comes within ``connect_timeout_s + operation_timeout_s``, and at
    once when too many callers wait already.
    """

    def __init__(self, settings: LdapSettings, bind_password: Secret, ca_path: Path) -> None:
        self._plan = make_plan(settings, bind_password, ca_path)
        self._deadline_s = settings.connect_timeout_s + settings.operation_timeout_s
        self._threads = ThreadPoolExecutor(settings.max_threads, thread_name_prefix="ldap")
        self._places = threading.BoundedSemaphore(settings.max_threads * (1 + _WAITING_PER_THREAD))

    async def verify(self, login: str, password: Secret) -> Outcome:
        """Find the person, then bind as them with the password on a connection of its own."""
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        if not self._places.acquire(blocking=False):
            return DirectoryUnavailable("too many sign-ins wait for the directory")
        lookup = Lookup(self._plan, login, password)
        future = self._threads.submit(_run, lookup)
        future.add_done_callback(self._leave)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            return DirectoryUnavailable(f"no answer within {self._deadline_s:g} s")
        finally:
            # The caller is gone or served: the thread must not go on waiting for a silent server.
            lookup.abort()

    def close(self) -> None:
        """Take no more work; what runs ends by its own deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self, future: Future[Outcome]) -> None:
        del future
        self._places.release()


def _run(lookup: Lookup) -> Outcome:
    try:
        return lookup.run()
    except (LDAPException, PyAsn1Error, OSError) as error:
        return DirectoryUnavailable(f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  the thread's outermost edge: ldap3 trips over malformed answers
        _log.warning("directory.answer_unreadable", fault=type(error).__name__)
        return DirectoryUnavailable(f"the directory's answer could not be read: {type(error).__name__}")
