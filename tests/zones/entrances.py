"""The proxies at the entrances: Debian's HAProxy with the configuration that the product writes."""

from pathlib import Path

from tests.zones.map import BY_ID, PORTS, Kind
from tests.zones.processes import Processes


def start_entrance(processes: Processes, folder: Path, entrance: str) -> None:
    """On the address of its host; HAProxy reads its keys and then gives up root."""
    host = BY_ID[f"entrance-{entrance}"]
    processes.start(host.id, host.id, ["haproxy", "-db", "-f", str(folder / f"{host.id}.cfg")])
    processes.wait_for_port(host.id, host.id, PORTS[Kind.ENTRANCE])
