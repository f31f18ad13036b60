"""Desktops and renderers: TigerVNC with a terminal on each desktop's host, a guacd for each zone."""

import secrets
import subprocess
from pathlib import Path
from typing import Final

from tests.zones import namespaces
from tests.zones.map import PORTS, Host, Kind, of_kind
from tests.zones.processes import Processes

COLOURS: Final = {"lgwan": "#2f5d7c", "resident": "#6b4a2f"}


def start_desktops(processes: Processes, folder: Path) -> Path:
    """All of them; the file with the password that opens each."""
    folder.mkdir()
    password_file = folder / "password"
    password_file.write_text(secrets.token_hex(4))  # VNC authentication takes eight characters (RFC 6143, 7.2.2)
    password_file.chmod(0o600)
    hidden = subprocess.run(
        ["vncpasswd", "-f"], input=password_file.read_bytes() + b"\n", capture_output=True, check=True
    )
    vnc_file = folder / "vnc"
    vnc_file.write_bytes(hidden.stdout)
    vnc_file.chmod(0o600)
    desktops = of_kind(Kind.DESKTOP)
    for desktop in desktops:
        _start_server(processes, folder, desktop, vnc_file)
    for desktop in desktops:
        _start_programs(processes, folder, desktop)
    return password_file


def _start_server(processes: Processes, folder: Path, desktop: Host, vnc_file: Path) -> None:
    number = folder / f"{desktop.id}.display"
    command = [
        "/bin/sh", "-c", f'exec Xvnc -displayfd 3 "$@" 3>{number}', "Xvnc",
        "-rfbport", str(PORTS[Kind.DESKTOP]), "-interface", desktop.address, "-geometry", "800x600", "-depth", "24",
        "-SecurityTypes", "VncAuth", "-PasswordFile", str(vnc_file), "-AlwaysShared", "-nolisten", "tcp", "-ac",
        # Every probe is a connection without a password.
        "-BlacklistThreshold", "1000000",
    ]  # fmt: skip
    processes.start(desktop.id, desktop.id, command)


def _start_programs(processes: Processes, folder: Path, desktop: Host) -> None:
    number = folder / f"{desktop.id}.display"
    processes.wait(desktop.id, lambda: number.exists() and number.read_text().endswith("\n"), "the display's number")
    processes.wait_for_port(desktop.id, desktop.id, PORTS[Kind.DESKTOP])
    display = {"DISPLAY": f":{number.read_text().strip()}", "HOME": str(folder)}
    ground = [*namespaces.prefix(desktop.id), "xsetroot", "-solid", COLOURS[desktop.group]]
    subprocess.run(ground, env={**display, "PATH": "/usr/bin"}, check=True, timeout=20)
    terminal = ["xterm", "-geometry", "80x24+20+20", "-fa", "DejaVu Sans Mono", "-fs", "11", "-e", "/bin/sh"]
    processes.start(desktop.id, f"{desktop.id}-terminal", terminal, display)
