"""The demo's zones: each guacd in a network of its own, desktops and the RDP host in theirs, and none meets another."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.settings import load_settings
from sekisho.demo.site import ZONES
from tests.flows.city import City, descendants_of
from tests.zones.namespaces import in_network
from tests.zones.probing import Answer, try_here

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(120),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root sees other accounts' networks"),
]


def network_of(pid: int | str) -> str:
    return str((Path("/proc") / str(pid) / "ns/net").readlink())


def running(city: City, program: str) -> dict[int, str]:
    """Processes of this city that run ``program``, with their networks."""
    found: dict[int, str] = {}
    for pid in descendants_of(city.process.pid):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            line = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace")
            if Path(line.split("\0")[0]).name == program:
                found[pid] = network_of(pid)
    return found


def listeners(lines: Iterator[str]) -> Iterator[int]:
    for line in lines:
        fields = line.split()
        if fields[3] == "0A":
            yield int(fields[1].rpartition(":")[2], 16)


def open_ports(pid: int | str) -> set[int]:
    """TCP ports that anybody listens on in the network of a process."""
    found: set[int] = set()
    for name in ("tcp", "tcp6"):
        found |= set(listeners(iter((Path("/proc") / str(pid) / "net" / name).read_text().splitlines()[1:])))
    return found


def test_every_guacd_has_a_network_and_an_account_of_its_own(city: City) -> None:
    guacds = running(city, "guacd")
    assert len(set(guacds.values())) == len(ZONES)
    assert network_of("self") not in guacds.values()
    accounts = {network: (Path("/proc") / str(pid)).stat().st_uid for pid, network in guacds.items()}
    assert len(set(accounts.values())) == len(ZONES)
    assert 0 not in accounts.values()


def test_desktops_and_the_rdp_host_share_no_network(city: City) -> None:
    guacds = set(running(city, "guacd").values())
    desktops = set(running(city, "Xvnc").values())
    hosts = set(running(city, "xrdp").values())
    assert len(desktops) >= 2
    assert len(hosts) == 1
    assert not guacds & (desktops | hosts)
    assert not desktops & hosts
    assert network_of("self") not in desktops | hosts


def test_no_zone_meets_the_host_or_another_zone(city: City) -> None:
    """From inside of each, every port that anybody of the demo listens on is tried, on the loopback and on the host's
    other addresses: only its own are there."""
    parts = [*running(city, "guacd"), *running(city, "Xvnc"), *running(city, "xrdp")]
    everywhere = set().union(open_ports("self"), *(open_ports(pid) for pid in parts))
    settings = load_settings(city.data_dir / "site.toml")
    assert settings.portal.port in everywhere
    for pid in parts:
        network = Path(f"/proc/{pid}/ns/net")
        answers = in_network(network, lambda: {port: try_here("127.0.0.1", port) for port in everywhere})
        met = {port for port, answer in answers.items() if answer is Answer.OPEN}
        assert met <= open_ports(pid)
        assert settings.portal.port not in met
        assert [path.split(":")[0].strip() for path in interfaces(pid)] == ["lo"]


def interfaces(pid: int) -> list[str]:
    return (Path("/proc") / str(pid) / "net/dev").read_text().splitlines()[2:]
