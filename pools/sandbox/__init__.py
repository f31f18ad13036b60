"""The desktop sandbox: a TigerVNC desktop inside bubblewrap, with no network and nothing of the host in sight."""

from pools.sandbox.account import CLEAN, Entry, enter
from pools.sandbox.browser import BrowserPlan
from pools.sandbox.command import IMAGE, command
from pools.sandbox.limits import SandboxLimits
from pools.sandbox.locale import compile_locale, prepare_locale
from pools.sandbox.model import (
    DesktopSandbox,
    HostAccount,
    RunningDesktop,
    StartFailed,
    StartFailure,
    account_here,
    new_password,
)
from pools.sandbox.process import is_running, start, stop

__all__ = [
    "CLEAN",
    "IMAGE",
    "BrowserPlan",
    "DesktopSandbox",
    "Entry",
    "HostAccount",
    "RunningDesktop",
    "SandboxLimits",
    "StartFailed",
    "StartFailure",
    "account_here",
    "command",
    "compile_locale",
    "enter",
    "is_running",
    "new_password",
    "prepare_locale",
    "start",
    "stop",
]
