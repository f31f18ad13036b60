"""Names from the wire as parts of paths: what is no plain name never becomes one."""

import re
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError
from pools.sandbox.model import SOCKET_NAME

MAX_SOCKET_PATH_BYTES: Final = 107  # unix(7): sun_path has 108 bytes with its terminating zero
LONGEST_DESKTOP_ID: Final = "x" * 26  # as broker.model.ids.new_id makes them
_DESKTOP_ID: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOME_KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


def is_desktop_id(text: str) -> bool:
    return _DESKTOP_ID.fullmatch(text) is not None


def is_home_key(text: str) -> bool:
    """One path component that is neither hidden nor a way up."""
    return _HOME_KEY.fullmatch(text) is not None


def socket_folder(sockets_dir: Path, zone_id: str, desktop_id: str) -> Path:
    """The folder of one desktop's socket."""
    return sockets_dir / zone_id / desktop_id


def check_socket_path(sockets_dir: Path, zone_id: str, desktop_id: str) -> None:
    """Raises :class:`ConfigurationError` when the path would not fit into a socket's address."""
    path = socket_folder(sockets_dir, zone_id, desktop_id) / SOCKET_NAME
    if len(bytes(path)) > MAX_SOCKET_PATH_BYTES:
        raise ConfigurationError(
            f"{path}: a socket's path has at most {MAX_SOCKET_PATH_BYTES} bytes; choose a shorter sockets_dir"
        )
