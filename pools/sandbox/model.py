"""What a sandboxed desktop is made of, and what its start can come to."""

import asyncio
import os
import re
import secrets
import string
import zlib
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.secret import Secret
from pools.sandbox.browser import BrowserPlan
from pools.sandbox.limits import SandboxLimits

SOCKET_NAME: Final = "vnc.sock"
VNC_PASSWORD_CHARACTERS: Final = 8  # VncAuth is DES: RFC 6143 section 7.2.2 cuts a password at eight characters
_ACCOUNT_NAME: Final = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_HOST_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_GEOMETRY: Final = re.compile(r"[1-9][0-9]{2,3}x[1-9][0-9]{2,3}")
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
# The numbers that systemd keeps for accounts that exist only while a service runs (DynamicUser=).
_FIRST_DYNAMIC_UID: Final = 61184
_DYNAMIC_UIDS: Final = 65519 - 61184 + 1


class HostAccount(msgspec.Struct, frozen=True):
    """The numbers that a desktop's processes have on the host; no entry in the host's passwd is needed."""

    uid: int
    gid: int

    @classmethod
    def of_desktop(cls, desktop_id: str) -> "HostAccount":
        """A stable account for a desktop, so that a home that is kept stays its own."""
        number = _FIRST_DYNAMIC_UID + zlib.crc32(desktop_id.encode()) % _DYNAMIC_UIDS
        return cls(number, number)


class DesktopSandbox(msgspec.Struct, frozen=True, kw_only=True):
    """One desktop as it should run.

    ``socket_dir`` is a host folder of this desktop alone; ``vnc.sock`` appears in it once the desktop answers. The
    desktop itself sees only ``own_dir`` below it. ``host_account`` is for a supervisor that is root: the desktop's
    processes get those numbers, never root's. Without it they run as the user who starts them.
    """

    desktop_id: str
    user: str
    home_dir: Path
    socket_dir: Path
    locale_dir: Path
    log_file: Path
    password: Secret
    zone_label: str
    colour: str = "#2f5d7c"
    geometry: str = "1280x720"
    host_account: HostAccount | None = None
    limits: SandboxLimits = SandboxLimits()
    browser: BrowserPlan | None = None

    def __post_init__(self) -> None:
        for pattern, value, what in (
            (_HOST_NAME, self.desktop_id, "desktop_id"),
            (_ACCOUNT_NAME, self.user, "user"),
            (_GEOMETRY, self.geometry, "geometry"),
            (_COLOUR, self.colour, "colour"),
        ):
            if pattern.fullmatch(value) is None:
                raise ConfigurationError(f"sandbox {what} {value!r} is not allowed")
        if len(self.password.reveal()) != VNC_PASSWORD_CHARACTERS:
            raise ConfigurationError(f"a VNC password has exactly {VNC_PASSWORD_CHARACTERS} characters")

    @property
    def own_dir(self) -> Path:
        """The folder that the desktop may write its socket into. Nobody ever follows a path through it."""
        return self.socket_dir / "own"

    @property
    def socket_path(self) -> Path:
        return self.socket_dir / SOCKET_NAME


class RunningDesktop(msgspec.Struct, frozen=True, kw_only=True):
    """A desktop whose server has answered.

    ``gone`` is done when no process of the sandbox is left (its first process holds the other end of a pipe).
    """

    sandbox: DesktopSandbox
    process: asyncio.subprocess.Process
    gone: asyncio.Future[None]


class StartFailure(StrEnum):
    PARTS_MISSING = "parts_missing"
    ENDED_EARLY = "ended_early"
    TOO_SLOW = "too_slow"


class StartFailed(msgspec.Struct, frozen=True):
    """Why a desktop did not come up; ``detail`` is for the IT desk (the end of the log, or the missing program)."""

    failure: StartFailure
    detail: str


def new_password() -> Secret:
    """A random VncAuth password: eight letters and digits (47 bits, all that RFB's VncAuth can take)."""
    alphabet = string.ascii_letters + string.digits
    return Secret("".join(secrets.choice(alphabet) for _ in range(VNC_PASSWORD_CHARACTERS)))


def account_here(desktop_id: str) -> HostAccount | None:
    """The host account to give a desktop started by this process: one of its own when we are root."""
    return HostAccount.of_desktop(desktop_id) if os.geteuid() == 0 else None
