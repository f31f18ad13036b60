"""The demo's parts as running processes, for tests; and a small client of guacd that types."""

import contextlib
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from sekisho.demo.city import staff
from sekisho.demo.rdp_host import ACCOUNT_NAMES
from sekisho.demo.secrets import DemoSecrets, load_or_create

GUACD_ROOT = Path("var/cache/guacd/root").absolute()
DEADLINE_S = 60.0
ZENKAKU_HANKAKU = 0xFF2A
RETURN, SPACE, CONTROL, MUHENKAN = 0xFF0D, 0x20, 0xFFE3, 0xFF22
_PATIENCE_S = 3.0


def load_secrets(folder: Path) -> DemoSecrets:
    return load_or_create(folder / "secrets.toml", people=[person.uid for person in staff()], rdp=ACCOUNT_NAMES)


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < give_up_at, f"not within {DEADLINE_S:g} s: {what}"
        time.sleep(0.05)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part as the supervisor does, its input held open, until ``port`` answers; end it by closing that input."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    try:
        wait_for(lambda: process.poll() is not None or is_open(port), f"port {port}")
        assert process.poll() is None, f"ended with {process.returncode}: {command[:3]}"
        yield process
    finally:
        process.stdin.close()
        if "sekisho.demo.rdp_forward" not in command:
            process.terminate()
        process.wait(DEADLINE_S)


class Guacamole:
    """One connection through guacd (Guacamole protocol 1.3): reads everything, answers what it must, sends keys."""

    def __init__(self, guacd_port: int, protocol: str, **parameters: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", guacd_port))
        self._socket.settimeout(DEADLINE_S)
        self._text = ""
        self._rest = b""
        self.drawn = 0
        self._send("select", protocol)
        names = self._receive()[1:]
        self._send("size", "1280", "720", "96")
        for kind in ("audio", "video"):
            self._send(kind)
        self._send("image", "image/png")
        self._send(
            "connect", *(n if n.startswith("VERSION") else parameters.get(n.replace("-", "_"), "") for n in names)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def pump_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Answer guacd until something is so (it synchronises at least once a second)."""
        give_up_at = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < give_up_at, f"not within {DEADLINE_S:g} s: {what}"
            self._answer(self._receive())

    def pump(self, seconds: float, unless: Callable[[], bool] = lambda: False) -> None:
        """A pause as a person makes between keys, with guacd being answered."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not unless():
            if self._has_more(left):
                self._answer(self._receive())

    def key(self, keysym: int) -> None:
        self._send("key", str(keysym), "1")
        self._send("key", str(keysym), "0")

    def chord(self, modifier: int, keysym: int) -> None:
        self._send("key", str(modifier), "1")
        self.key(keysym)
        self._send("key", str(modifier), "0")

    def type(self, text: str) -> None:
        for character in text:
            self.key(ord(character))

    def click(self, x: int, y: int) -> None:
        for mask in ("0", "1", "0"):
            self._send("mouse", str(x), str(y), mask)

    def _has_more(self, wait_s: float) -> bool:
        return ";" in self._text or bool(select.select([self._socket], [], [], wait_s)[0])

    def _answer(self, instruction: list[str]) -> None:
        match instruction:
            case ["sync", stamp, *_]:
                self._send("sync", stamp)
            case ["blob", stream, _]:
                self.drawn += 1
                self._send("ack", stream, "OK", "0")
            case ["error", message, code]:
                raise AssertionError(f"guacd: {message} ({code})")
            case _:
                pass

    def _send(self, *elements: str) -> None:
        self._socket.sendall((",".join(f"{len(each)}.{each}" for each in elements) + ";").encode())

    def _receive(self) -> list[str]:
        while (instruction := self._take()) is None:
            chunk = self._socket.recv(65536)
            assert chunk, "guacd hung up"
            self._rest += chunk
            valid = len(self._rest)
            while valid > 0 and (self._rest[valid - 1] & 0x80) and not _is_whole(self._rest[:valid]):
                valid -= 1
            self._text += self._rest[:valid].decode()
            self._rest = self._rest[valid:]
        return instruction

    def _take(self) -> list[str] | None:
        elements: list[str] = []
        at = 0
        while (dot := self._text.find(".", at)) >= 0:
            end = dot + 1 + int(self._text[at:dot])
            if len(self._text) <= end:
                return None
            elements.append(self._text[dot + 1 : end])
            at = end + 1
            if self._text[end] == ";":
                self._text = self._text[at:]
                return elements
        return None


def _is_whole(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def write_japanese(screen: Guacamole, file_name: str, is_written: Callable[[], bool]) -> None:
    """Type ``nihongo``, convert it with the desktop's input method, and write the result to a file, in a terminal.

    A desktop that is still starting swallows keys: it is tried again, from a clean line, until the deadline.
    """
    give_up_at = time.monotonic() + 3 * DEADLINE_S
    while not is_written():
        assert time.monotonic() < give_up_at, "no Japanese within the deadline"
        _write_once(screen, file_name)
        screen.pump(_PATIENCE_S, unless=is_written)


def _write_once(screen: Guacamole, file_name: str) -> None:
    screen.click(300, 250)
    screen.pump(0.3)
    screen.key(MUHENKAN)  # what is being composed is committed, and the input method is off
    screen.pump(0.2)
    screen.chord(CONTROL, ord("u"))  # the shell's line is empty
    screen.type("echo ")
    screen.key(ZENKAKU_HANKAKU)
    screen.pump(1.0)
    for letter in "nihongo":
        screen.key(ord(letter))
        screen.pump(0.05)
    screen.key(SPACE)
    screen.pump(0.7)
    screen.key(RETURN)
    screen.pump(0.3)
    screen.key(ZENKAKU_HANKAKU)
    screen.pump(0.3)
    screen.type(f" > {file_name}")
    screen.key(RETURN)
