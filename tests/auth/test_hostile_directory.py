"""A directory that hangs, lies or talks nonsense costs one sign-in its answer and nothing else."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from auth.ldap import LdapAuthenticator
from auth.ldap_connection import Line
from auth.ldap_library import Connection
from broker.directory_settings import LdapSettings
from broker.ports import DirectoryUnavailable
from broker.secret import Secret
from tests.fakes.waiting import until
from tests.parts.slapd import make_other_ca

TYPED = "correct horse"
CONNECT_S, OPERATION_S = 0.3, 0.9
SLACK_S = 1.0


class Caller:
    """One connection as the hostile server sees it; what arrives is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bytearray) -> None:
        self._reader, self._writer, self._heard = reader, writer, heard

    async def hear(self) -> bool:
        data = await self._reader.read(4096)
        self._heard += data
        return bool(data)

    async def hear_all(self) -> None:
        while await self.hear():
            pass

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


Behaviour = Callable[[Caller], Awaitable[None]]


def extended_response(code: int) -> bytes:
    """Answer to message 1 (RFC 4511, section 4.12)."""
    return bytes([0x30, 0x0C, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0A, 0x01, code, 0x04, 0x00, 0x04, 0x00])


async def say_nothing(caller: Caller) -> None:
    await caller.hear_all()


async def promise_tls_and_say_nothing(caller: Caller) -> None:
    await caller.hear()
    await caller.say(extended_response(0))
    await caller.hear_all()


async def drip(caller: Caller) -> None:
    """A message that is announced as long and comes a byte at a time, so that no single read times out."""
    await caller.say(b"\x30\x84\x7f\xff\xff\xff")
    while True:
        await caller.say(b"\x00")
        await asyncio.sleep(0.05)


async def refuse_tls(caller: Caller) -> None:
    await caller.hear()
    await caller.say(extended_response(2))
    await caller.hear_all()


async def hang_up(caller: Caller) -> None:
    return


async def speak_http(caller: Caller) -> None:
    await caller.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await caller.hear_all()


async def send_broken_ber(caller: Caller) -> None:
    await caller.hear()
    await caller.say(bytes([0x30, 0x06, 0x02, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0x61, 0x00, 0xA0]))
    await caller.hear_all()


class Hostile:
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.port = 0
        self.heard = bytearray()
        self.calls: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await self._behaviour(Caller(reader, writer, self.heard))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def hostile(behaviour: Behaviour) -> AsyncIterator[Hostile]:
    server = Hostile(behaviour)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
        # Whoever called has let go by now, or this waits until the test's own limit.
        await asyncio.gather(*server.calls)
    finally:
        listener.close()
        await listener.wait_closed()


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_other_ca(tmp_path_factory.mktemp("ca"))


def dial(server: Hostile, ca_file: Path, *, scheme: str = "ldap", threads: int = 2) -> LdapAuthenticator:
    settings = LdapSettings(
        url=f"{scheme}://127.0.0.1:{server.port}",
        ca_file=str(ca_file),
        bind_dn="cn=sekisho,dc=city",
        bind_password_file="",
        user_base="ou=people,dc=city",
        connect_timeout_s=CONNECT_S,
        operation_timeout_s=OPERATION_S,
        max_threads=threads,
    )
    return LdapAuthenticator(settings, Secret("service secret"), ca_file)


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
@pytest.mark.parametrize(
    "behaviour",
    [say_nothing, promise_tls_and_say_nothing, drip, refuse_tls, hang_up, speak_http, send_broken_ber],
)
async def test_whatever_it_does_the_answer_comes_in_time(behaviour: Behaviour, scheme: str, ca_file: Path) -> None:
    async with hostile(behaviour) as server:
        authenticator = dial(server, ca_file, scheme=scheme)
        began = time.monotonic()
        outcome = await authenticator.verify("yamada", Secret(TYPED))
        took_s = time.monotonic() - began
        authenticator.close()
    assert isinstance(outcome, DirectoryUnavailable)
    assert outcome.detail
    assert TYPED not in outcome.detail
    assert took_s < CONNECT_S + OPERATION_S + SLACK_S
    # Neither the person's password nor the service account's crosses a line without TLS.
    assert TYPED.encode() not in server.heard
    assert b"service secret" not in server.heard


async def test_a_hung_directory_never_holds_the_event_loop(ca_file: Path) -> None:
    async with hostile(say_nothing) as server:
        authenticator = dial(server, ca_file)
        waiting = asyncio.create_task(authenticator.verify("yamada", Secret(TYPED)))
        longest_s, last = 0.0, time.monotonic()
        while not waiting.done():
            await asyncio.sleep(0.01)
            longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()
        authenticator.close()
    assert longest_s < OPERATION_S / 2


async def test_when_every_thread_hangs_the_next_ones_hear_it_by_the_deadline_and_too_many_at_once(
    ca_file: Path,
) -> None:
    async with hostile(say_nothing) as server:
        authenticator = dial(server, ca_file, threads=1)
        began = time.monotonic()
        queue = [asyncio.create_task(authenticator.verify("yamada", Secret(TYPED))) for _ in range(9)]
        await asyncio.sleep(0)
        surplus = await authenticator.verify("yamada", Secret(TYPED))
        assert isinstance(surplus, DirectoryUnavailable)
        assert time.monotonic() - began < CONNECT_S
        outcomes = await asyncio.gather(*queue)
        took_s = time.monotonic() - began
        assert all(isinstance(outcome, DirectoryUnavailable) for outcome in outcomes)
        assert took_s < CONNECT_S + OPERATION_S + SLACK_S
        # Whoever comes afterwards finds a place again.
        later = await authenticator.verify("yamada", Secret(TYPED))
        assert isinstance(later, DirectoryUnavailable)
        assert "too many" not in later.detail
        authenticator.close()


async def test_a_caller_who_leaves_gives_the_thread_back(ca_file: Path) -> None:
    async with hostile(say_nothing) as server:
        authenticator = dial(server, ca_file, threads=1)
        for _ in range(30):
            leaving = asyncio.create_task(authenticator.verify("yamada", Secret(TYPED)))
            await asyncio.sleep(0.01)
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
        began = time.monotonic()
        outcome = await authenticator.verify("yamada", Secret(TYPED))
        authenticator.close()
    assert isinstance(outcome, DirectoryUnavailable)
    assert "too many" not in outcome.detail
    assert time.monotonic() - began < CONNECT_S + OPERATION_S + SLACK_S


async def test_a_caller_who_leaves_while_the_line_is_being_opened_gives_the_thread_back(
    ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no socket yet that could be shut: what leaves then is noticed afterwards, also behind StartTLS."""
    make, opening = Line._make, asyncio.Event()
    loop = asyncio.get_running_loop()

    def make_slowly(line: Line, host: str, dn: str, password: Secret) -> Connection:
        connection = make(line, host, dn, password)
        open_now = connection.open

        def open_late(*, read_server_info: bool) -> None:
            loop.call_soon_threadsafe(opening.set)
            time.sleep(0.2)  # longer than the caller stays
            open_now(read_server_info=read_server_info)

        monkeypatch.setattr(connection, "open", open_late)
        return connection

    monkeypatch.setattr(Line, "_make", make_slowly)
    async with hostile(drip) as server:
        authenticator = dial(server, ca_file, threads=1)
        leaving = asyncio.create_task(authenticator.verify("yamada", Secret(TYPED)))
        await opening.wait()
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving
        await until(lambda: authenticator.health()[0].busy_threads == 0, CONNECT_S + OPERATION_S + SLACK_S)
        authenticator.close()
