"""A guacd for each zone."""

from pathlib import Path
from typing import Final

from sekisho.parts.guacd import GuacdSettings, command, prepare
from tests.zones.map import PORTS, Kind, of_kind
from tests.zones.processes import Processes

ROOT: Final = Path("var/cache/guacd/root")


def start_guacds(processes: Processes, folder: Path) -> None:
    for host in of_kind(Kind.GUACD):
        settings = GuacdSettings(
            root=ROOT.absolute(), port=PORTS[Kind.GUACD], desktops_dir=folder / host.id / "desktops"
        )
        prepare(settings)
        processes.start(host.id, host.id, [host.address if part == "127.0.0.1" else part for part in command(settings)])
