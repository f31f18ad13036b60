"""A site with two entrances on loopback addresses: real HAProxy, broker, gateways, guacd, directory and desktop."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import tomli_w

from broker.model.service_name import ServiceKind
from broker.settings import load_settings
from broker.wire.service_tls import TlsFiles
from sekisho.api_client import call_api
from sekisho.entrance.haproxy import haproxy_config
from sekisho.parts import guacd
from tests.fakes.services import ServicePki
from tests.parts.slapd import Slapd, run_slapd

OFFICE, SIM = "office", "sim"
HOSTS: Final = {OFFICE: "127.0.20.1", SIM: "127.0.20.2"}
CLIENT: Final = "127.0.21.7"
STRANGER: Final = "127.0.22.9"
POOL: Final = "desk"
_START_S: Final = 60.0
_GUACD_ROOT: Final = Path("var/cache/guacd/root")


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """By service; those of an entrance by its name. ``recorded`` are what the office's proxy dials instead."""

    broker: int
    wire: int
    guacd: int
    desktop: int
    public: dict[str, int]
    plain: dict[str, int]
    gateway: dict[str, int]
    recorded_broker: int
    recorded_gateway: int


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What tests need of a running site."""

    folder: Path
    ports: Ports
    pki: ServicePki
    web: ServicePki
    """The authority of the certificates that browsers see."""

    def url(self, entrance: str = OFFICE) -> str:
        return f"https://{HOSTS[entrance]}:{self.ports.public[entrance]}"

    def files(self, kind: ServiceKind, name: str) -> TlsFiles:
        folder = self.pki.folder
        return TlsFiles(
            certificate=folder / f"{kind}-{name}.crt", key=folder / f"{kind}-{name}.key", authority=self.pki.authority
        )

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def proxy_config(self, entrance: str) -> str:
        return haproxy_config(load_settings(self.folder / "site.toml"), entrance)

    def sekisho(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "sekisho", "--config", str(self.folder / "site.toml"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    async def audit(self, event: str) -> list[dict[str, Any]]:
        """The records whose event begins so, the newest first."""
        socket_path = self.folder / "data/run/admin.sock"
        answer = await call_api(socket_path, "GET", "/admin/audit", query={"event": event, "limit": "200"})
        return list(answer["records"])


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextlib.contextmanager
def running(name: str, folder: Path, command: list[str], is_ready: Callable[[], bool]) -> Iterator[None]:
    """A program that dies with the test, from the moment when it is ready."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
    try:
        give_up_at = time.monotonic() + _START_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise AssertionError(f"{name} did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@contextlib.contextmanager
def run_site(folder: Path) -> Iterator[Site]:
    """Everything but the proxies, and the recorders that the tests put before them."""
    numbers = iter(free_ports(12))
    ports = Ports(
        broker=next(numbers), wire=next(numbers), guacd=next(numbers), desktop=next(numbers),
        public={name: next(numbers) for name in HOSTS}, plain={name: next(numbers) for name in HOSTS},
        gateway={name: next(numbers) for name in HOSTS},
        recorded_broker=next(numbers), recorded_gateway=next(numbers),
    )  # fmt: skip
    site = Site(folder=folder, ports=ports, pki=ServicePki(folder / "pki"), web=ServicePki(folder / "web", "Web"))
    with run_slapd(_made(folder / "slapd")) as slapd, _desktop(site), contextlib.ExitStack() as stack:
        _issue(site)
        _write(folder / "site.toml", _site_document(site, slapd))
        site.sekisho("migrate")
        stack.enter_context(_guacd(site))
        broker = [sys.executable, "-m", "sekisho", "--config", str(folder / "site.toml"), "broker"]
        stack.enter_context(running("broker", folder, broker, lambda: is_open("127.0.0.1", ports.broker)))
        for name in HOSTS:
            stack.enter_context(_gateway(site, name))
        yield site


@contextlib.contextmanager
def _gateway(site: Site, name: str) -> Iterator[None]:
    path = site.folder / f"gateway-{name}.toml"
    _write(path, _gateway_document(site, name))
    command = [sys.executable, "-m", "gateway", "--config", str(path)]
    port = site.ports.gateway[name]
    with running(f"gateway-{name}", site.folder, command, lambda: is_open("127.0.0.1", port)):
        yield


@contextlib.contextmanager
def run_proxy(
    site: Site, entrance: str, config: str | None = None, *, name: str = "proxy", host: str = ""
) -> Iterator[None]:
    """The entrance's HAProxy, by the configuration that the command writes (or another, for another address)."""
    path = site.folder / f"{name}-{entrance}.cfg"
    path.write_text(config if config is not None else site.proxy_config(entrance))
    host, port = host or HOSTS[entrance], site.ports.public[entrance]
    command = ["haproxy", "-db", "-f", str(path)]
    with running(f"{name}-{entrance}", site.folder, command, lambda: is_open(host, port)):
        yield


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(tomli_w.dumps(document))


def _issue(site: Site) -> None:
    site.pki.issue(ServiceKind.BROKER, "b1")
    site.pki.issue(ServiceKind.GUACD, "lgwan")
    for name, host in HOSTS.items():
        site.pki.issue(ServiceKind.GATEWAY, f"gw-{name}")
        site.pki.issue(ServiceKind.ENTRANCE, name)
        site.web.issue(ServiceKind.DIRECTORY, name, addresses=[host])


@contextlib.contextmanager
def _desktop(site: Site) -> Iterator[None]:
    password = site.folder / "desktop.password"
    password.write_text(secrets.token_hex(4))
    password.chmod(0o600)
    hidden = subprocess.run(["vncpasswd", "-f"], input=password.read_bytes() + b"\n", capture_output=True, check=True)
    (site.folder / "vnc.passwd").write_bytes(hidden.stdout)
    display = site.folder / "display"
    server = [
        "/bin/sh", "-c", f'exec Xvnc -displayfd 3 "$@" 3>{display}', "Xvnc", "-rfbport", str(site.ports.desktop),
        "-interface", "127.0.0.1", "-geometry", "800x600", "-depth", "24", "-SecurityTypes", "VncAuth",
        "-PasswordFile", str(site.folder / "vnc.passwd"), "-AlwaysShared", "-nolisten", "tcp", "-ac",
        "-BlacklistThreshold", "1000000",  # every probe is a connection without a password
    ]  # fmt: skip
    with running("desktop", site.folder, server, lambda: is_open("127.0.0.1", site.ports.desktop)):
        number = display.read_text().strip()
        terminal = ["env", f"DISPLAY=:{number}", "xterm", "-geometry", "80x24+0+0", "-e", "/bin/sh"]
        with running("terminal", site.folder, terminal, lambda: True):
            yield


@contextlib.contextmanager
def _guacd(site: Site) -> Iterator[None]:
    shown = site.files(ServiceKind.GUACD, "lgwan")
    settings = guacd.GuacdSettings(
        root=_GUACD_ROOT.absolute(), port=site.ports.guacd, desktops_dir=site.folder / "zone" / "lgwan",
        tls=guacd.GuacdTls(certificate=shown.certificate, key=shown.key),
    )  # fmt: skip
    guacd.prepare(settings)
    with running("guacd", site.folder, guacd.command(settings), lambda: is_open("127.0.0.1", site.ports.guacd)):
        yield


def _tls(files: TlsFiles) -> dict[str, str]:
    return {"certificate": str(files.certificate), "key": str(files.key), "client_ca": str(files.authority)}


def _site_document(site: Site, slapd: Slapd) -> dict[str, Any]:
    ports, folder = site.ports, site.folder
    (folder / "bind.password").write_text(slapd.service_password.reveal())
    (folder / "bind.password").chmod(0o600)
    shown = _tls(site.files(ServiceKind.BROKER, "b1"))
    directory = msgspec.to_builtins(slapd.settings(bind_password_file=str(folder / "bind.password")))
    return {
        "data_dir": str(folder / "data"),
        "portal": {"host": ""},
        "signin": {"enrol_networks": [f"{CLIENT}/32"]},
        "entrance_listener": {"host": "127.0.0.1", "port": ports.broker, **shown},
        "entrances": [_entrance(site, name) for name in HOSTS],
        "wire": {
            "host": "127.0.0.1", "port": ports.wire, **shown,
            "gateways": [
                {"id": f"gw-{name}", "zones": ["lgwan"], "key_file": f"keys/gw-{name}.key", "entrance": name}
                for name in HOSTS
            ],
        },
        "tenants": [
            {
                "id": "aoba", "name_ja": "青葉市", "name_en": "Aoba", "hostnames": list(HOSTS.values()),
                "directory": {key: value for key, value in directory.items() if value is not None},
                "zones": [{"id": "lgwan", "name_ja": "LGWAN接続系", "name_en": "LGWAN network"}],
                "pools": [_pool(site)],
            }
        ],
    }  # fmt: skip


def _entrance(site: Site, name: str) -> dict[str, Any]:
    own = site.files(ServiceKind.ENTRANCE, name)
    public = site.url(name)
    is_recorded = name == OFFICE
    broker = site.ports.recorded_broker if is_recorded else site.ports.broker
    gateway = site.ports.recorded_gateway if is_recorded else site.ports.gateway[name]
    return {
        "id": name,
        "origin": "office" if name == OFFICE else "closed_sim",
        "segment": "wired" if name == OFFICE else "unknown",
        "device": "managed",
        "sources": [{"ranges": ["127.0.21.0/24", "127.0.0.1/32"]}],  # the second is where Chromium comes from
        "public_url": public,
        "tunnel_url": f"{public.replace('https', 'wss')}/tunnel",
        "certificate_required": name == SIM,
        "proxy": {
            "listen": [f"{HOSTS[name]}:{site.ports.public[name]}"],
            "listen_plain": [f"{HOSTS[name]}:{site.ports.plain[name]}"],
            "certificate": str(site.web.folder / f"directory-{name}.crt"),
            "service_certificate": str(own.certificate),
            "service_ca": str(own.authority),
            "device_ca": str(site.web.authority),
            "brokers": [f"127.0.0.1:{broker}"],
            "gateways": {f"gw-{name}": f"127.0.0.1:{gateway}"},
            "user": "",
        },
    }


def _pool(site: Site) -> dict[str, Any]:
    desktop = {"host": "127.0.0.1", "port": site.ports.desktop, "password_file": str(site.folder / "desktop.password")}
    names = [f"desk-{number}" for number in range(1, 4)]
    return {
        "id": POOL, "zone": "lgwan", "name_ja": "共有", "name_en": "Shared", "kind": "floating", "provider": "static",
        "protocol": "vnc", "entitled_groups": ["telework", "監査担当", "it_desk"], "origins": ["office", "closed_sim"],
        "max_size": len(names), "target_ready": len(names),
        "desktops": [{"name": name, **desktop} for name in names],
    }  # fmt: skip


def _gateway_document(site: Site, name: str) -> dict[str, Any]:
    own = site.files(ServiceKind.GATEWAY, f"gw-{name}")
    return {
        "gateway_id": f"gw-{name}",
        "entrance": name,
        "zones": ["lgwan"],
        "allowed_origins": [site.url(name)],
        "listen_port": site.ports.gateway[name],
        "tls": _tls(own),
        "wire_url": f"https://127.0.0.1:{site.ports.wire}",
        "wire_key_file": str(site.folder / f"data/keys/gw-{name}.key"),
        "wire_ca": str(own.authority),
        "wire_certificate": str(own.certificate),
        "wire_key": str(own.key),
        "guacd_ca": str(own.authority),
        "guacd_groups": {"lgwan": [f"tls:127.0.0.1:{site.ports.guacd}"]},
        "spool_dir": str(site.folder / f"spool-{name}"),
    }
