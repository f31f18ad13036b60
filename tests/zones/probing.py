"""Trying paths: TCP connections from any host to any address, hundreds at a time."""

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from functools import partial
from itertools import groupby
from typing import Final

from tests.zones import namespaces
from tests.zones.map import BY_ID, Path

PATIENCE_S: Final = 0.6
"""All hosts are one kernel: an answer comes within the sender's own call, or never."""
_AT_ONCE: Final = 800


class Answer(StrEnum):
    """What became of an attempt. A refusal came from the target itself, so that it was reached."""

    OPEN = "open"
    REFUSED = "refused"
    SHUT = "shut"


_OF_ERROR: Final = {0: Answer.OPEN, errno.ECONNREFUSED: Answer.REFUSED}


def try_paths(paths: Collection[Path]) -> Mapping[Path, Answer]:
    """Attempt each path once."""
    ordered = sorted(paths)
    answers: dict[Path, Answer] = {}
    for start in range(0, len(ordered), _AT_ONCE):
        answers |= _try_some(ordered[start : start + _AT_ONCE])
    return answers


def reached(answers: Mapping[Path, Answer]) -> set[Path]:
    """Paths on which the target itself was met, whether it listens there or not."""
    return {path for path, answer in answers.items() if answer is not Answer.SHUT}


def _try_some(paths: Iterable[Path]) -> dict[Path, Answer]:
    answers: dict[Path, Answer] = {}
    with selectors.DefaultSelector() as selector:
        for source, group in groupby(paths, key=lambda path: path.source):
            mine = list(group)
            for path, attempt in zip(mine, namespaces.in_namespace(source, partial(_dial, mine)), strict=True):
                # Nobody answers a datagram but the target's kernel: port unreachable (RFC 1122, 3.2.2.1).
                selector.register(attempt, selectors.EVENT_READ if path.is_udp else selectors.EVENT_WRITE, path)
        give_up_at = time.monotonic() + PATIENCE_S
        while selector.get_map() and (left_s := give_up_at - time.monotonic()) > 0:
            for key, _ in selector.select(left_s):
                selector.unregister(key.fileobj)
                answers[key.data] = _read(key.fileobj)
        for key in list(selector.get_map().values()):
            answers[key.data] = Answer.SHUT
            _close(key.fileobj)
    return answers


def _dial(paths: list[Path]) -> list[socket.socket]:
    attempts: list[socket.socket] = []
    for path in paths:
        attempt = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if path.is_udp else socket.SOCK_STREAM)
        attempt.setblocking(False)
        attempt.connect_ex((BY_ID[path.target].address, path.port))
        if path.is_udp:
            with contextlib.suppress(PermissionError):  # the host's own rules: it is never sent
                attempt.send(b"sekisho")
        attempts.append(attempt)
    return attempts


def _read(attempt: object) -> Answer:
    assert isinstance(attempt, socket.socket)
    code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    attempt.close()
    return _OF_ERROR.get(code, Answer.SHUT)


def _close(attempt: object) -> None:
    assert isinstance(attempt, socket.socket)
    attempt.close()


def try_address(source: str, address: str, port: int) -> Answer:
    """One attempt from a host, waited for."""
    return namespaces.in_namespace(source, partial(try_here, address, port))


def try_here(address: str, port: int) -> Answer:
    """One attempt from where the calling thread stands."""
    try:
        socket.create_connection((address, port), PATIENCE_S).close()
    except ConnectionRefusedError:
        return Answer.REFUSED
    except OSError:
        return Answer.SHUT
    return Answer.OPEN
