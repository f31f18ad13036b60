"""Three hosts and a router between them, in network namespaces of the test's own, filtered by derived rules."""

import asyncio
import contextlib
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from broker.flow import ruleset_of
from broker.settings import load_settings
from sekisho.flows.check import check_host
from sekisho.flows.records import Report

TODAY: Final = date(2026, 11, 22)
NETWORKS: Final = {"front": 1, "core": 2, "back": 3}
"""Hosts, and the number of the network that each stands in behind the router."""
PORTS: Final = {"front": (443,), "core": (8402, 8403, 22), "back": (4822, 389)}
"""Where each host listens; 22 is on no list."""
_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_LISTENER: Final = """
import selectors, socket, sys
ready = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    ready.register(server, selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in ready.select():
        key.fileobj.accept()[0].close()
"""


def settings_document() -> dict[str, Any]:
    """The site's settings: people come in at ``front``, where the gateway is too."""
    roles = {
        "front": ["entrance:office", "gateway:gw"],
        "core": ["broker"],
        "back": ["guacd:lgwan", "directory:hinode"],
    }
    zones = {"front": "dmz", "core": "lgwan", "back": "lgwan"}
    hosts: list[dict[str, Any]] = [
        {"id": name, "addresses": [f"10.77.{number}.2", f"fd77:{number}::2"], "zone": zones[name], "roles": roles[name]}
        for name, number in NETWORKS.items()
    ]
    tls = {"certificate": "broker.pem", "key": "broker.key", "client_ca": "ca.pem"}
    return {
        "data_dir": "/nowhere",
        "portal": {"host": ""},
        "entrances": [
            {
                "id": "office",
                "origin": "office",
                "public_url": "https://portal.example",
                "tunnel_url": "wss://portal.example/tunnel",
            }
        ],
        "entrance_listener": {"host": "::", "port": 8403, **tls},
        "wire": {
            "host": "::",
            "port": 8402,
            **tls,
            "gateways": [{"id": "gw", "zones": ["lgwan"], "key_file": "gw.key", "entrance": "office"}],
        },
        "tenants": [
            {
                "id": "hinode",
                "name_ja": "日の出市",
                "name_en": "Hinode",
                "hostnames": ["portal.example"],
                "zones": [{"id": "lgwan", "name_ja": "LGWAN接続系", "name_en": "LGWAN"}],
                "pools": [],
                "directory": {
                    "url": "ldap://back",
                    "ca_file": "ca.pem",
                    "bind_dn": "cn=service",
                    "bind_password_file": "bind.password",
                    "user_base": "dc=example",
                },
            }
        ],
        "hosts": [*hosts, {"id": "fw", "addresses": ["10.77.1.1", "fd77:1::1"], "roles": ["router"]}],
        "client_networks": [{"entrance": "office", "ranges": ["10.78.0.0/16"]}],
        "further_flows": [
            {
                "id": "ntp",
                "sources": ["core"],
                "targets": ["back"],
                "protocol": "udp",
                "port": 123,
                "reason": "時刻同期",
            }
        ],
    }


class Network:
    """Commands in the namespaces. Only :func:`running` makes one."""

    def __init__(self, folder: Path, mark: str) -> None:
        self._mark = mark
        self._listeners: dict[str, subprocess.Popen[str]] = {}
        self.settings_file = folder / "site.toml"
        self.settings_file.write_bytes(msgspec.toml.encode(settings_document()))
        self._settings = load_settings(self.settings_file)
        self._ports: dict[str, tuple[int, ...]] = {}

    def run(self, host: str, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command on a host, whatever comes of it."""
        line = ["nsenter", f"--net=/run/netns/{self._name(host)}", "--", *command]
        return subprocess.run(line, input=given, capture_output=True, text=True, timeout=60, check=False)

    def must(self, host: str, *command: str, given: str = "") -> str:
        done = self.run(host, *command, given=given)
        assert done.returncode == 0, (host, command, done.stderr)
        return done.stdout

    def build(self) -> None:
        """Namespaces, lines to the router, both IP versions."""
        for host in ("fw", *NETWORKS):
            subprocess.run(["ip", "netns", "add", self._name(host)], check=True, timeout=20)
            self.must(host, "ip", "link", "set", "lo", "up")
            self.must(host, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad")
        self.must("fw", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        self.must("fw", "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        for host, number in NETWORKS.items():
            self.must("fw", "ip", "link", "add", host, "type", "veth", "peer", "eth0", "netns", self._name(host))
            for where, device, last in (("fw", host, 1), (host, "eth0", 2)):
                self.must(where, "ip", "address", "add", f"10.77.{number}.{last}/24", "dev", device)
                self.must(where, "ip", "address", "add", f"fd77:{number}::{last}/64", "dev", device, "nodad")
                self.must(where, "ip", "link", "set", device, "up")
            self.must(host, "ip", "route", "add", "default", "via", f"10.77.{number}.1")
            self.must(host, "ip", "-6", "route", "add", "default", "via", f"fd77:{number}::1")

    def remove(self) -> None:
        for host in list(self._listeners):
            self.stop(host)
        for host in ("fw", *NETWORKS):
            subprocess.run(["ip", "netns", "delete", self._name(host)], check=False, capture_output=True, timeout=20)

    def start(self, host: str, *ports: int) -> None:
        """Listen; what listened there before ends."""
        self.stop(host)
        line = [sys.executable, "-c", _LISTENER, *map(str, ports)]
        listener = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self._name(host)}", "--", *line], stdout=subprocess.PIPE, text=True
        )
        self._listeners[host] = listener
        self._ports[host] = ports
        assert listener.stdout is not None
        assert listener.stdout.readline() == "listening\n"

    def stop(self, host: str) -> None:
        self._ports.pop(host, None)
        if (listener := self._listeners.pop(host, None)) is not None:
            listener.kill()
            listener.communicate()

    def restore(self) -> None:
        """As it was at the beginning: every host filters and listens."""
        for host in ("fw", *NETWORKS):
            self.must(host, "nft", "-f", "-", given="flush ruleset\n" + self.ruleset(host))
        for host, ports in PORTS.items():
            if self._ports.get(host) != ports:
                self.start(host, *ports)

    def ruleset(self, host: str) -> str:
        """The derived rules."""
        return ruleset_of(self._settings, host, TODAY)

    def check(self, host: str, count: int) -> Report:
        """What ``sekisho flows check`` does, with that many unlisted paths."""
        work = partial(check_host, self._settings, host, TODAY, count=count, seed=7, timeout_s=0.4)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._inside, host, work).result()

    def _inside(self, host: str, work: Callable[[], Coroutine[Any, Any, Report]]) -> Report:
        """In a thread of its own, which never leaves the namespace that it enters (setns(2))."""
        with Path("/run/netns", self._name(host)).open() as place:
            assert ctypes.CDLL(None, use_errno=True).setns(place.fileno(), _NETWORK) == 0
        return asyncio.run(work())

    def sekisho(self, host: str, *words: str) -> subprocess.CompletedProcess[str]:
        """The command line, on that host."""
        return self.run(host, *self.line(*words))

    def line(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "sekisho", "--config", str(self.settings_file), "flows", *words]

    def dials(self, host: str, address: str, port: int) -> bool:
        """Whether a connection opens, tried by another program."""
        line = ["timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"]
        return self.run(host, *line).returncode == 0

    def rule_handle(self, host: str, chain: str, comment: str) -> str:
        """How nft names the first rule with this comment."""
        listing = json.loads(self.must(host, "nft", "-j", "list", "chain", "inet", "sekisho", chain))
        rules = [entry["rule"] for entry in listing["nftables"] if "rule" in entry]
        return str(next(rule["handle"] for rule in rules if rule.get("comment") == comment))

    def _name(self, host: str) -> str:
        return f"sekisho-f-{self._mark}-{host}"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Network]:
    """The network, built and filtered; nothing of it stays."""
    network = Network(folder, str(os.getpid()))
    try:
        network.build()
        network.restore()
        yield network
    finally:
        network.remove()
