"""The whole site: every service in the namespace of its host, as an operator would start it."""

import asyncio
import contextlib
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import tomli_w

from broker.settings import load_settings
from sekisho.api_client import call_api
from sekisho.demo.city import Group, staff
from sekisho.demo.directory import DirectoryParts
from sekisho.demo.secrets import load_or_create
from sekisho.entrance.haproxy import haproxy_config
from tests.parts.postgres import Listening, run_postgres
from tests.zones import namespaces
from tests.zones.certificates import make_service_certificates, make_web_certificate
from tests.zones.desktops import start_desktops
from tests.zones.directory import start_directory
from tests.zones.entrances import start_entrance
from tests.zones.map import BROKER_ENTRANCE_PORT, BY_ID, ENTRANCES, PORTS, Kind
from tests.zones.network import running_network
from tests.zones.processes import Processes
from tests.zones.renderers import start_guacds
from tests.zones.site import device_authority, gateway_document, gateway_key, site_document

BOTH_ZONES: Final = frozenset({Group.LGWAN_DESKTOP, Group.RESIDENT_DESKTOP})


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A running site."""

    folder: Path
    processes: Processes
    passwords: dict[str, str]

    @property
    def settings(self) -> Path:
        return self.folder / "site.toml"

    def sekisho(self, *arguments: str, check: bool = True, host: str = "broker") -> subprocess.CompletedProcess[str]:
        """A command of the command line, on one of the hosts."""
        command = [*namespaces.prefix(host), sys.executable, "-m", "sekisho", "--config", str(self.settings)]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """A call of the command line's API, as its commands make it."""
        return asyncio.run(call_api(self.folder / "data/run/admin.sock", method, path, body=body))

    def begin_gateway(self, entrance: str) -> None:
        host = f"gateway-{entrance}"
        command = [sys.executable, "-m", "gateway", "--config", str(self.folder / f"{host}.toml")]
        self.processes.start(host, host, command)

    def wait_for_gateway(self, entrance: str) -> None:
        """Until it listens and the broker has welcomed it."""
        host = f"gateway-{entrance}"
        self.processes.wait_for_port(host, host, PORTS[Kind.GATEWAY])
        self.processes.wait(host, lambda: "broker.connected" in self.processes.log_of(host), "the broker's welcome")

    def start_gateway(self, entrance: str) -> None:
        self.begin_gateway(entrance)
        self.wait_for_gateway(entrance)

    def start_entrance(self, entrance: str) -> None:
        start_entrance(self.processes, self.folder, entrance)


def people_of_both_zones() -> list[str]:
    return [person.uid for person in staff() if person.groups >= BOTH_ZONES]


@contextlib.contextmanager
def running_city(folder: Path) -> Iterator[City]:
    """Everything up, no packet filter anywhere yet."""
    folder.chmod(0o711)
    with running_network(), Processes(folder / "log") as processes, contextlib.ExitStack() as stack:
        pki = folder / "pki"
        make_service_certificates(pki)
        make_web_certificate(folder / "web")
        known = load_or_create(folder / "secrets.toml", people=[person.uid for person in staff()], rdp=[])
        directory = start_directory(processes, folder / "directory", pki, known)
        start_guacds(processes, folder / "guacd", pki)
        vnc_password = start_desktops(processes, folder / "desktops")
        database_url = folder / "database.url"
        stack.enter_context(_database(database_url))
        passwords = {login: secret.reveal() for login, secret in known.people.items()}
        city = City(folder=folder, processes=processes, passwords=passwords)
        _write_settings(city, directory, database_url, vnc_password)
        _start_services(city)
        yield city


@contextlib.contextmanager
def _database(url_file: Path) -> Iterator[None]:
    host, password = BY_ID["database"], secrets.token_hex(12)
    listening = Listening(
        address=host.address, port=PORTS[Kind.DATABASE], client=BY_ID["broker"].address, password=password,
        enter=namespaces.prefix(host.id),
    )  # fmt: skip
    url_file.touch(mode=0o600)
    url_file.write_text(f"postgresql://sekisho:{password}@{host.address}:{PORTS[Kind.DATABASE]}/postgres")
    with run_postgres(listening):
        yield


def _write_settings(city: City, directory: DirectoryParts, database_url: Path, vnc_password: Path) -> None:
    data = city.folder / "data"
    site = site_document(data, city.folder / "pki", directory, database_url, vnc_password)
    city.settings.write_text(tomli_w.dumps(site))
    for entrance in ENTRANCES:
        gateway = gateway_document(city.folder, city.folder / "pki", data / gateway_key(entrance), entrance)
        (city.folder / f"gateway-{entrance}.toml").write_text(tomli_w.dumps(gateway))


def _start_services(city: City) -> None:
    city.sekisho("migrate")
    command = [sys.executable, "-m", "sekisho", "--config", str(city.settings), "broker"]
    city.processes.start("broker", "broker", command)
    city.processes.wait_for_port("broker", "broker", BROKER_ENTRANCE_PORT)
    for entrance in ENTRANCES:
        city.begin_gateway(entrance)
    device_authority(city.folder).write_text(city.ask("GET", "/admin/device-authority")["certificate_pem"])
    settings = load_settings(city.settings)
    for entrance in ENTRANCES:
        (city.folder / f"entrance-{entrance}.cfg").write_text(haproxy_config(settings, entrance))
        city.start_entrance(entrance)
        city.wait_for_gateway(entrance)
