"""One connection to a directory: always TLS, always verified, never longer than its timeouts."""

import contextlib
import math
import select
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

import ldap3
import msgspec
from ldap3.core.exceptions import LDAPException
from ldap3.extend.standard.modifyPassword import ModifyPassword

from auth.ldap_dialect import read_value
from auth.ldap_library import CheckedTls, Connection, Control, Operation
from auth.ldap_ppolicy import OID as POLICY_CONTROL
from broker.errors import ConfigurationError
from broker.secret import Secret

_ASK_POLICY: Final[Sequence[Control]] = ((POLICY_CONTROL, False, None),)
_PORTS: Final = {"ldap": 389, "ldaps": 636}
_PAGED_RESULTS: Final = "1.2.840.113556.1.4.319"


class Address(msgspec.Struct, frozen=True):
    """Where a server listens. ``is_tls_from_start`` (LDAPS) false: StartTLS (RFC 4511, section 4.14)."""

    host: str
    port: int
    is_tls_from_start: bool


class Answer(msgspec.Struct, frozen=True):
    """Result code (RFC 4511, appendix A), the server's own words, and its control about the password's state."""

    code: int
    detail: str
    policy: bytes | None = None


class Entry(msgspec.Struct, frozen=True):
    """An entry by lower-case attribute names, values exactly as stored."""

    dn: str
    values: dict[str, tuple[str, ...]]

    def first(self, attribute: str) -> str | None:
        return next(iter(self.values.get(attribute.lower(), ())), None)


def parse_url(url: str) -> Address:
    """Raises :class:`ConfigurationError` for anything but ``ldap://host[:port]`` and ``ldaps://host[:port]``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"directory.url: {url!r}: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ConfigurationError(f"directory.url: {url!r}: must read ldap://host:port or ldaps://host:port")
    return Address(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "ldaps")


def make_tls_context(ca_path: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer that trusts this CA alone and checks the server's name. Raises :class:`ConfigurationError`."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(ca_path))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{ca_path}: the directory's CA can't be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Line:
    """A connection under one identity. Made in one thread; :meth:`abort` may come from another."""

    def __init__(
        self, address: Address, context: ssl.SSLContext, *, connect_timeout_s: float, operation_timeout_s: float
    ) -> None:
        self._address = address
        self._tls = CheckedTls(context, address.host)
        self._connect_timeout_s = connect_timeout_s
        # ldap3 packs this into a C long.
        self._timeout_s = max(1, math.ceil(operation_timeout_s))
        self._connection: Connection | None = None
        self._aborted = threading.Event()

    def bind(self, dn: str, password: Secret) -> Answer:
        """Connect, begin TLS, and bind as ``dn``. The password goes out exactly as typed."""
        self.connect(dn, password)
        return self.send_bind()

    def connect(self, dn: str, password: Secret) -> None:
        """Everything before the bind; of the password nothing crosses yet. A line that is open stays so."""
        if self._connection is not None:
            self._connection.user, self._connection.password = dn, _as_typed(password)
            return
        connection = self._open(dn, password)
        if not self._address.is_tls_from_start:
            connection.start_tls(read_server_info=False)

    def is_quiet(self) -> bool:
        """Whether the line is open and the server has said nothing since its last answer, not even goodbye."""
        opened = self._socket()
        if opened is None or self._aborted.is_set():
            return False
        poll = select.poll()
        try:
            poll.register(opened, select.POLLIN | select.POLLERR | select.POLLHUP)
        except (OSError, ValueError):
            return False
        return not poll.poll(0)

    def certificate_ends_at(self) -> datetime:
        """Of the server's certificate. Raises :class:`OSError` before the line is open."""
        opened = self._socket()
        told = opened.getpeercert() if isinstance(opened, ssl.SSLSocket) else None
        if not told:
            raise OSError("the line has no TLS yet")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)

    def send_bind(self) -> Answer:
        connection = self._opened()
        connection.bind(read_server_info=False, controls=_ASK_POLICY)
        return _answer_of(connection)

    def _open(self, dn: str, password: Secret) -> Connection:
        """Connect to the first of the host's network addresses that answers; what failed before it is closed."""
        fault: OSError | LDAPException = OSError("the host name has no address")
        for host in _resolve(self._address):
            if self._aborted.is_set():
                break
            connection = self._connection = self._make(host, dn, password)
            try:
                connection.open(read_server_info=False)
            except (OSError, LDAPException) as error:
                fault = error
                self.close()
                continue
            if not self._aborted.is_set():
                return connection
            # called off before there was a socket that could be shut
            self.close()
            break
        raise fault

    def _make(self, host: str, dn: str, password: Secret) -> Connection:
        server = ldap3.Server(
            host,
            port=self._address.port,
            use_ssl=self._address.is_tls_from_start,
            tls=self._tls,
            get_info=ldap3.NONE,
            connect_timeout=self._connect_timeout_s,
        )
        connection = ldap3.Connection(
            server,
            user=dn,
            password=_as_typed(password),
            auto_bind=ldap3.AUTO_BIND_NONE,
            authentication=ldap3.SIMPLE,
            auto_referrals=False,
            check_names=False,
            auto_escape=False,
            receive_timeout=self._timeout_s,
        )
        return cast("Connection", connection)

    def search(
        self, base: str, search_filter: str, attributes: Sequence[str], *, limit: int
    ) -> tuple[Answer, list[Entry]]:
        """Entries of the subtree; references to other servers are left alone. ``limit`` 0: the server's own."""
        connection = self._search(base, search_filter, attributes, limit=limit)
        return _answer_of(connection), _entries_of(connection)

    def search_page(
        self, base: str, search_filter: str, attributes: Sequence[str], *, size: int, cookie: bytes | None
    ) -> tuple[Answer, list[Entry], bytes | None]:
        """A page of the subtree (RFC 2696), and what asks for the next one: empty after the last, None from a server
        that did not page."""
        connection = self._search(base, search_filter, attributes, page=size, cookie=cookie)
        controls: Mapping[str, Mapping[str, Any]] = connection.result.get("controls") or {}
        value: Mapping[str, bytes] = controls[_PAGED_RESULTS]["value"] if _PAGED_RESULTS in controls else {}
        return _answer_of(connection), _entries_of(connection), value.get("cookie")

    def read(self, dn: str, search_filter: str, attributes: Sequence[str]) -> tuple[Answer, list[Entry]]:
        """One entry, if it matches. With an empty name what the server tells of itself (RFC 4512, section 5.1)."""
        connection = self._search(dn, search_filter, attributes, scope="BASE")
        return _answer_of(connection), _entries_of(connection)

    def _search(
        self,
        base: str,
        search_filter: str,
        attributes: Sequence[str],
        *,
        scope: Literal["SUBTREE", "BASE"] = "SUBTREE",
        limit: int = 0,
        page: int | None = None,
        cookie: bytes | None = None,
    ) -> Connection:
        connection = self._opened()
        connection.search(
            base,
            search_filter,
            search_scope=scope,
            dereference_aliases=ldap3.DEREF_NEVER,
            attributes=attributes,
            size_limit=limit,
            time_limit=self._timeout_s,
            paged_size=page,
            paged_criticality=page is not None,
            paged_cookie=cookie,
        )
        return connection

    def swap_unicode_password(self, dn: str, old: Secret, new: Secret) -> Answer:
        """A password change of Active Directory: the old value goes, the new one comes ([MS-ADTS] 3.1.1.3.1.5)."""
        connection = self._opened()
        changes = [(ldap3.MODIFY_DELETE, [_quoted(old)]), (ldap3.MODIFY_ADD, [_quoted(new)])]
        connection.modify(dn, {"unicodePwd": changes})
        return _answer_of(connection)

    def modify_password(self, dn: str, old: Secret | None, new: Secret) -> Answer:
        """The password modify operation (RFC 3062)."""
        connection = self._opened()
        # As bytes, or ldap3 maps look-alike characters onto each other (SASLprep).
        passwords = (None if old is None else old.reveal().encode(), new.reveal().encode())
        cast("Operation", ModifyPassword(connection, dn, *passwords, controls=_ASK_POLICY)).send()
        return _answer_of(connection)

    def _socket(self) -> socket.socket | None:
        return self._connection.socket if self._connection is not None else None

    def _opened(self) -> Connection:
        if self._connection is None:
            raise OSError("asked before the line was open")
        return self._connection

    def close(self) -> None:
        """Say goodbye where somebody listens, and let the socket go in any case."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        opened = connection.socket
        with contextlib.suppress(OSError, LDAPException):
            connection.unbind()
        if opened is not None:
            opened.close()

    def abort(self) -> None:
        """End whatever a thread waits for on this line."""
        self._aborted.set()
        if (opened := self._socket()) is not None:
            with contextlib.suppress(OSError):
                # Of the plain socket below TLS: the thread's own read then ends by itself.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _as_typed(password: Secret) -> str:
    """As bytes, or ldap3 maps look-alike characters onto each other (SASLprep)."""
    return cast("str", password.reveal().encode())


def _resolve(address: Address) -> list[str]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _answer_of(connection: Connection) -> Answer:
    result = connection.result
    text = f"{result.get('description', '')}: {result.get('message', '')}".rstrip(": ")
    controls: Mapping[str, Mapping[str, Any]] = result.get("controls") or {}
    return Answer(int(result["result"]), text, controls.get(POLICY_CONTROL, {}).get("value"))


def _quoted(password: Secret) -> bytes:
    """A password as ``unicodePwd`` takes it ([MS-ADTS] 3.1.1.3.1.5)."""
    return f'"{password.reveal()}"'.encode("utf-16-le")


def _entries_of(connection: Connection) -> list[Entry]:
    return [_entry_of(raw) for raw in connection.response or () if raw.get("type") == "searchResEntry"]


def _entry_of(raw: Mapping[str, Any]) -> Entry:
    attributes: Mapping[str, Sequence[bytes]] = raw["raw_attributes"]
    values = {
        name.lower(): tuple(read_value(name.lower(), value) for value in stored) for name, stored in attributes.items()
    }
    return Entry(str(raw["dn"]), values)
