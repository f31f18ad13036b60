"""The anchor: an append-only file of checkpoints outside of the database, one JSON object per line."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from broker.errors import ConfigurationError
from broker.ports import AuditCheckpoint


class AnchorContent(msgspec.Struct, frozen=True):
    """What the file holds; ``bad_lines`` counts from 1."""

    checkpoints: tuple[AuditCheckpoint, ...]
    bad_lines: tuple[int, ...]


class AnchorFile:
    """Appends and reads; nothing here changes or removes a line. The calls block: run them in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, checkpoints: Sequence[AuditCheckpoint]) -> None:
        """Add lines, on the disk when this returns. Raises :class:`ConfigurationError` when it can't be written."""
        lines = b"".join(msgspec.json.encode(checkpoint) + b"\n" for checkpoint in checkpoints)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            is_new = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(_line_end(handle) + lines)
                file.flush()
                os.fsync(handle)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise ConfigurationError(f"{self.path}: checkpoints can't be written: {error.strerror}") from error

    def read(self) -> AnchorContent:
        """Everything in it; a file that is not there holds nothing. Raises :class:`ConfigurationError`."""
        checkpoints: list[AuditCheckpoint] = []
        bad_lines: list[int] = []
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return AnchorContent((), ())
        except OSError as error:
            raise ConfigurationError(f"{self.path}: can't be read: {error.strerror}") from error
        for number, line in enumerate(raw.splitlines(), 1):
            try:
                checkpoints.append(msgspec.json.decode(line, type=AuditCheckpoint))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                bad_lines.append(number)
        return AnchorContent(tuple(checkpoints), tuple(bad_lines))


def _line_end(handle: int) -> bytes:
    """A line that a power cut tore stays as it is; the next one begins on a line of its own."""
    size = os.fstat(handle).st_size
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
