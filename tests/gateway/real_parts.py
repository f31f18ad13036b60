"""A real guacd and a real desktop (TigerVNC with a terminal), reached through a Unix socket."""

import contextlib
import os
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from sekisho.parts.guacd import GuacdSettings, GuacdTls, command, prepare, socket_hostname

GUACD_ROOT = Path("var/cache/guacd/root")
DESKTOP = "desktop-1"
_DEADLINE_S = 20.0


class Desktop(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection to it needs."""

    guacd_address: str
    parameters: dict[str, str]
    display: str
    vnc_socket: Path
    home: Path

    def has_file(self, name: str) -> Callable[[], bool]:
        """Whether whoever sits there has made it, asked again each time."""
        return (self.home / name).exists


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(is_ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        if is_ready():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {_DEADLINE_S} s: {what}")


@contextlib.contextmanager
def _running(arguments: list[str], folder: Path | None = None, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        arguments, env=os.environ | environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _read_display(xvnc: "subprocess.Popen[bytes]") -> str:
    """Xvnc picks a free display and says which."""
    assert xvnc.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(xvnc.stdout, selectors.EVENT_READ)
        assert selector.select(_DEADLINE_S), "Xvnc names no display"
    return f":{int(xvnc.stdout.readline())}"


@contextlib.contextmanager
def run_desktop(folder: Path, tls: GuacdTls | None = None) -> Iterator[Desktop]:
    """Start guacd (which then speaks TLS, if it has a certificate) and a desktop; end both."""
    desktops = folder / "zone" / "desktops"
    settings = GuacdSettings(root=GUACD_ROOT.absolute(), port=_free_port(), desktops_dir=desktops, tls=tls)
    prepare(settings)
    home = desktops / DESKTOP
    home.mkdir()
    home.chmod(0o755)
    vnc_socket = home / "vnc.sock"
    xvnc = [
        "Xvnc", "-displayfd", "1", "-rfbunixpath", str(vnc_socket), "-rfbunixmode", "0666", "-rfbport", "-1",
        "-geometry", "800x600", "-depth", "24", "-SecurityTypes", "None", "-nolisten", "tcp", "-ac",
    ]  # fmt: skip
    terminal = [
        "xterm", "-geometry", "80x24+0+0", "-fa", "DejaVu Sans Mono", "-fd", "IPAGothic", "-fs", "11",
        "-e", "/bin/sh",
    ]  # fmt: skip
    assert shutil.which("Xvnc")
    assert shutil.which("xterm")
    with _running(xvnc) as server, _running(command(settings)) as guacd:
        display = _read_display(server)
        _wait_for(vnc_socket.exists, "the desktop's socket")
        _wait_for(lambda: _is_open(settings.port), "guacd")
        with _running(terminal, folder, DISPLAY=display, HOME=str(folder)):
            assert guacd.poll() is None
            yield Desktop(
                guacd_address=f"{'tls:' if tls else ''}127.0.0.1:{settings.port}",
                parameters={"hostname": socket_hostname(DESKTOP), "port": "0", "color-depth": "24"},
                display=display,
                vnc_socket=vnc_socket,
                home=folder,
            )


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
