"""Sandboxes for tests, with every folder below one of the test's own."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from broker.secret import Secret
from pools.sandbox import DesktopSandbox, account_here, command
from pools.sandbox.files import open_fds, prepare_folders


def make_sandbox(folder: Path, locale_dir: Path, desktop_id: str = "lgwan-001", **changes: Any) -> DesktopSandbox:
    sandbox = DesktopSandbox(
        desktop_id=desktop_id,
        user="yamada.taro",
        home_dir=folder / "home" / desktop_id,
        socket_dir=folder / "desktops" / desktop_id,
        locale_dir=locale_dir,
        log_file=folder / f"{desktop_id}.log",
        password=Secret("Abcdef12"),
        zone_label="LGWAN接続系",
        host_account=account_here(desktop_id),
    )
    return msgspec.structs.replace(sandbox, **changes)


def run_inside(sandbox: DesktopSandbox, program: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run another program in place of the session, on the very same command line."""
    prepare_folders(sandbox)
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        with open_fds(sandbox, b"\0" * 8, writing) as fds:
            return subprocess.run(
                command(sandbox, fds, program),
                pass_fds=fds.numbers(), capture_output=True, text=True, check=False, timeout=20,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
    finally:
        os.close(reading)
        os.close(writing)
