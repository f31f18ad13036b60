"""What of ldap3 is used here, with types, and its TLS done by the standard library."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import ldap3

Control = tuple[str, bool, bytes | None]


class Connection(Protocol):
    """What of ldap3's connection is used here, with types."""

    user: str
    password: str
    socket: socket.socket | None
    result: Mapping[str, Any]
    response: Sequence[Mapping[str, Any]] | None

    def open(self, *, read_server_info: bool) -> object: ...
    def start_tls(self, *, read_server_info: bool) -> object: ...
    def bind(self, *, read_server_info: bool, controls: Sequence[Control]) -> object: ...
    def unbind(self) -> object: ...
    def modify(self, dn: str, changes: Mapping[str, Sequence[tuple[str, Sequence[bytes]]]]) -> object: ...
    def search(self, search_base: str, search_filter: str, **options: object) -> object: ...


class Operation(Protocol):
    def send(self) -> object: ...


class CheckedTls(ldap3.Tls):
    """The library's own wrapping builds a context per connection and checks names by itself; the standard
    library's verified context does both better."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)  # pyright: ignore[reportUnknownMemberType]  half-typed stubs
        self._context = context
        self._host = host

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        # Always shakes hands at once: nothing may be sent to a server that has not been verified.
        del do_handshake
        if connection.socket is None:
            raise OSError("the connection was closed before TLS began")
        # Or the bind, right behind the end of the handshake, waits for a delayed acknowledgement (40 ms).
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)
