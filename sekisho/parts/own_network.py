"""A network namespace of a part's own, without any interface: it reaches nothing and is reached by a Unix socket."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from pools.sandbox import HostAccount
from sekisho.parts import socket_door

_PYTHON: Final = "/usr/bin/python3"  # Debian's: the venv may lie where the part's account can't go
_SCRIPT: Final = "door.py"
_SOCKET: Final = "door.sock"
_FOLDER: Final = "door"


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """A Unix socket outside that the part finds as a port of its own loopback."""

    port: int
    socket: Path


class OwnNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """``folder`` is the part's own; its socket appears in it."""

    folder: Path
    bridges: tuple[Bridge, ...] = ()

    @property
    def socket(self) -> Path:
        return self.folder / _SOCKET

    def folders(self) -> dict[str, Path]:
        """What has to be in sight of the door, by name."""
        named = {f"bridge-{bridge.port}": bridge.socket.parent for bridge in self.bridges}
        return {_FOLDER: self.folder, **named}


def prepare_network(network: OwnNetwork, account: HostAccount | None) -> None:
    """Make the folder; only the part's account and the supervisor come into it."""
    network.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    network.socket.unlink(missing_ok=True)
    shutil.copyfile(socket_door.__file__, network.folder / _SCRIPT)
    if account is not None:
        for path in (network.folder, network.folder / _SCRIPT):
            os.chown(path, account.uid, account.gid)


def enter_network(network: OwnNetwork, seen: Mapping[str, str], port: int) -> list[str]:
    """What a command line begins with that listens on the loopback's ``port`` of the namespace. ``seen`` tells where
    :meth:`OwnNetwork.folders` are found."""
    bridges = [f"{bridge.port}={seen[f'bridge-{bridge.port}']}/{bridge.socket.name}" for bridge in network.bridges]
    return [
        "bwrap", "--die-with-parent", "--unshare-user", "--unshare-net", "--dev-bind", "/", "/", "--",
        _PYTHON, "-I", f"{seen[_FOLDER]}/{_SCRIPT}", f"{seen[_FOLDER]}/{_SOCKET}", str(port), *bridges, "--",
    ]  # fmt: skip
