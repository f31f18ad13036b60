"""A listening Unix socket that only its owner reaches."""

import socket
import stat
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError

MAX_PATH_BYTES: Final = 107  # unix(7): sun_path has 108 bytes with its terminating zero
_PROBE_S: Final = 1.0


def bind_unix_socket(path: Path) -> socket.socket:
    """Bind ``path`` (mode 0600 in a folder of 0700), after a socket that a dead process left there is removed.

    Raises :class:`ConfigurationError` when the path is too long, is no socket, or somebody listens on it.
    """
    if len(bytes(path)) > MAX_PATH_BYTES:
        raise ConfigurationError(f"{path}: a socket's path has at most {MAX_PATH_BYTES} bytes")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        _remove_stale(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be listened on: {error.strerror}") from error
    return listener


def remove_unix_socket(path: Path) -> None:
    """Nothing is left of a listener that has been closed."""
    path.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(f"{path}: in the way, and not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(_PROBE_S)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ConfigurationError(f"{path}: another process listens there")
