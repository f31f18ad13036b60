"""Logs of children: bounded while the children go on writing."""

import os
import shutil
from pathlib import Path
from typing import Final

MAX_LOG_BYTES: Final = 20_000_000
KEPT: Final = 2
"""Older logs beside the present one: ``name.log.1`` (newer) and ``name.log.2``."""


def rotate_if_large(path: Path, *, max_bytes: int = MAX_LOG_BYTES, kept: int = KEPT) -> bool:
    """Copy a log that has grown too large aside and empty it; whether that was done.

    The child holds the file open in append mode (O_APPEND, open(2)) and goes on at its new end. What it writes
    between the copy and the emptying is lost. When the copy fails, the log is emptied nevertheless: a full disk
    would stop more than the log. Raises :class:`OSError` then.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
    except FileNotFoundError:
        return False
    try:
        for age in range(kept, 1, -1):
            older = _aged(path, age - 1)
            if older.exists():
                older.replace(_aged(path, age))
        shutil.copy2(path, _aged(path, 1))
    finally:
        os.truncate(path, 0)
    return True


def _aged(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")
