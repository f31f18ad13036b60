"""Leave root behind before anything of a sandbox is built, and still reach folders that only root can reach."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from pools.sandbox.model import HostAccount

# bubblewrap's own first process keeps the environment that it was started with, in sight of the sandbox.
CLEAN: Final = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
_STAGE: Final = "/mnt"
_BIND: Final = """\
mount -t tmpfs -o mode=0755,size=64k stage /mnt
while [ "$1" != -- ]; do
  mkdir "/mnt/$1"
  mount --bind -- "$2" "/mnt/$1"
  shift 2
done
shift
exec "$@"
"""


class Entry(msgspec.Struct, frozen=True):
    """The start of a command line, and where the named folders are found by what follows it."""

    arguments: list[str]
    folders: Mapping[str, str]


def enter(account: HostAccount | None, folders: Mapping[str, Path]) -> Entry:
    """How a command begins that is to run as ``account`` and to see ``folders`` (name to path).

    Root's own folders (a checkout below /root, say) are closed to the account, so root binds them to a stage in
    a mount namespace of the process first and gives up its rights then. Without an account the command runs as
    whoever starts it. The environment is emptied in either case. Every step replaces the one before (exec): the
    process that the supervisor started is bubblewrap itself, and its signals and its death reach it. (The kernel
    asks for the right to kill when it tells a child of its parent's death: a middle process without rights would
    break the chain.)
    """
    if account is None:
        return Entry([*CLEAN], {name: str(path.absolute()) for name, path in folders.items()})
    pairs = [part for name, path in folders.items() for part in (name, str(path.absolute()))]
    return Entry(
        [
            *CLEAN, "unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-euc", _BIND, "stage",
            *pairs, "--", "setpriv", "--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups",
            "--no-new-privs", "--",
        ],
        {name: f"{_STAGE}/{name}" for name in folders},
    )  # fmt: skip
