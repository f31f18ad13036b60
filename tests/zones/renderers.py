"""A guacd for each zone."""

from pathlib import Path
from typing import Final

from sekisho.parts.guacd import GuacdSettings, GuacdTls, command, prepare
from tests.zones.map import PORTS, Kind, of_kind
from tests.zones.processes import Processes

ROOT: Final = Path("var/cache/guacd/root")


def start_guacds(processes: Processes, folder: Path, pki: Path) -> None:
    """On the address where gateways dial it, by TLS alone."""
    for host in of_kind(Kind.GUACD):
        shown = GuacdTls(certificate=pki / f"guacd-{host.id}.crt", key=pki / f"guacd-{host.id}.key")
        settings = GuacdSettings(
            root=ROOT.absolute(), port=PORTS[Kind.GUACD], desktops_dir=folder / host.id / "desktops",
            host=host.address, tls=shown,
        )  # fmt: skip
        prepare(settings)
        processes.start(host.id, host.id, command(settings))
