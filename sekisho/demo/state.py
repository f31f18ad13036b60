"""What a running demo tells the smoke walk: where it listens and who may walk."""

import os
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError

_STATE_FILE: Final = "run/demo.json"


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    portal_url: str
    tunnel_url: str
    admin_socket: str
    tenant: str
    pools: list[str]
    walker: str


def write_state(data_dir: Path, state: DemoState) -> None:
    path = data_dir / _STATE_FILE
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(state))
    temporary.replace(path)


def remove_state(data_dir: Path) -> None:
    (data_dir / _STATE_FILE).unlink(missing_ok=True)


def read_state(data_dir: Path) -> DemoState:
    """Raises :class:`ConfigurationError` when no demo runs from this folder."""
    try:
        return msgspec.json.decode((data_dir / _STATE_FILE).read_bytes(), type=DemoState)
    except FileNotFoundError:
        raise ConfigurationError(f"no demo runs from {data_dir}: start it with `make run`") from None
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{data_dir / _STATE_FILE}: {error}") from error
