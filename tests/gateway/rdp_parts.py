"""The demo's RDP host with every channel open that it has, so that nothing but our two layers is in the way."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sekisho.demo.rdp_host import RdpHost, RdpHostOptions, command, prepare
from sekisho.parts import guacd
from tests.demo.parts import GUACD_ROOT, free_ports, load_secrets, running

ACCOUNT = "rdp01"
_OPEN = {
    "sesman.ini": {"boundClipboard=all": "boundClipboard=none"},
    "xrdp.ini": {"rdpdr=false": "rdpdr=true", "rdpsnd=false": "rdpsnd=true"},
}


class RdpDesktop(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection to it needs. ``host`` gives its processes."""

    guacd_address: str
    parameters: dict[str, str]
    host: RdpHost
    drive_root: Path

    def run(self, *program: str, text: str | None = None) -> str:
        """A program of the signed-in person's, in their session's sandbox, with its clipboard."""
        pid, number, uid = self._find_display()
        line = [
            *(["sudo", "-n"] if self.host.needs_sudo else []), "nsenter", "-t", str(pid), "-m", "-n", "-p", "-i", "-u",
            "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "env", f"DISPLAY=:{number}",
            f"XAUTHORITY=/home/{ACCOUNT}/.Xauthority", *program,
        ]  # fmt: skip
        if text is not None:  # it stays behind with what it was given, and would hold our pipe open
            subprocess.run(line, input=text, text=True, stdout=subprocess.DEVNULL, timeout=15, check=True)
            return ""
        return subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=15, check=False).stdout

    def is_signed_in(self) -> bool:
        with contextlib.suppress(AssertionError):
            return self._find_display()[0] > 0
        return False

    def _find_display(self) -> tuple[int, int, int]:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                found = re.match(r"/usr/lib/xorg/Xorg :([0-9]+) ", line)
                if found and (Path(f"{folder}/root/etc/xrdp/xrdp.ini").read_text() == self._configuration()):
                    return int(folder.name), int(found[1]), folder.stat().st_uid
        raise AssertionError("nobody is signed in at the RDP host")

    def _configuration(self) -> str:
        return (self.host.folder / "xrdp/xrdp.ini").read_text()


@contextlib.contextmanager
def run_rdp_desktop(folder: Path) -> Iterator[RdpDesktop]:
    """Start guacd and an RDP host; end both."""
    host = prepare(folder / "rdp", free_ports(1)[0], load_secrets(folder), RdpHostOptions(disconnected_limit_s=0))
    assert isinstance(host, RdpHost), host
    for name, changes in _OPEN.items():
        path = host.folder / "xrdp" / name
        text = path.read_text()
        for before, after in changes.items():
            assert before in text
            text = text.replace(before, after)
        path.write_text(f"{text}\n; {folder}\n")
    settings = guacd.GuacdSettings(root=GUACD_ROOT, port=free_ports(1)[0], desktops_dir=folder / "zone" / "desktops")
    guacd.prepare(settings)
    with running(guacd.command(settings), settings.port), running(command(host), host.port):
        yield RdpDesktop(
            guacd_address=f"127.0.0.1:{settings.port}",
            parameters={
                "hostname": "127.0.0.1", "port": str(host.port), "username": ACCOUNT, "security": "any",
                "password": host.password_files[ACCOUNT].read_text().strip(), "ignore-cert": "true",
                "server-layout": "ja-jp-qwerty",
            },
            host=host,
            drive_root=folder / "zone",
        )  # fmt: skip
