"""One host's processes: broker, gateway, agent and a guacd for each zone, as siblings under one supervisor."""

import asyncio
import ipaddress
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.settings import SiteSettings, load_settings, read_toml
from broker.store import migrate
from sekisho.parts import guacd
from sekisho.parts.own_network import Bridge, OwnNetwork
from sekisho.site import check_site, database_url, prepare_data_dir
from sekisho.supervisor.child import ChildSpec, is_tcp_open, is_unix_open
from sekisho.supervisor.supervise import Supervisor, wait_for_stop_signal

_LOOPBACK: Final = "127.0.0.1"


class BridgePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that stands behind a Unix socket, as guacd finds it: a port of the loopback of its own network."""

    port: int
    socket: str


class GuacdPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guacd that this host runs for one zone. On an address that other hosts reach it has a certificate."""

    zone: str
    port: int
    host: str = _LOOPBACK
    certificate: str = ""
    key: str = ""
    network_dir: str = ""
    """With it guacd has a network of its own without any interface; gateways reach it by ``door.sock`` in there."""
    bridges: list[BridgePart] = []

    def __post_init__(self) -> None:
        if self.network_dir and (self.certificate or self.host != _LOOPBACK):
            raise ValueError("network_dir: a network of its own has no address and needs no certificate")
        if self.bridges and not self.network_dir:
            raise ValueError("bridges: they lead out of a network of its own; give network_dir")
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key: give both, or none")
        if not self.certificate and not _is_loopback(self.host):
            raise ValueError(f"host {self.host}: needs certificate and key: sekisho pki issue guacd")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HostSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What runs on this host beside the broker. An empty path leaves that part out."""

    gateway_config: str = ""
    gateway_port: int = 8401
    agent_config: str = ""
    guacd_root: str = ""
    desktops_dir: str = ""
    guacd: list[GuacdPart] = []


def load_host(path: Path) -> HostSettings:
    """Raises :class:`ConfigurationError` with the path of what is wrong."""
    try:
        return msgspec.convert(read_toml(path), HostSettings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def guacd_child(part: GuacdPart, host: HostSettings) -> ChildSpec:
    network = _network_of(part)
    settings = guacd.GuacdSettings(
        root=Path(host.guacd_root),
        port=part.port,
        desktops_dir=Path(host.desktops_dir) / part.zone,
        host=part.host,
        tls=guacd.GuacdTls(certificate=Path(part.certificate), key=Path(part.key)) if part.certificate else None,
        network=network,
        account=guacd.account_of(host.guacd.index(part)),
    )
    guacd.prepare(settings)
    return ChildSpec(
        name=f"guacd-{part.zone}",
        label=f"guacd of zone {part.zone}",
        command=guacd.command(settings),
        is_ready=lambda: is_unix_open(network.socket) if network is not None else is_tcp_open(part.host, part.port),
    )


def _network_of(part: GuacdPart) -> OwnNetwork | None:
    if not part.network_dir:
        return None
    bridges = tuple(Bridge(port=bridge.port, socket=Path(bridge.socket)) for bridge in part.bridges)
    return OwnNetwork(folder=Path(part.network_dir), bridges=bridges)


def host_children(config: Path, settings: SiteSettings, host: HostSettings) -> list[ChildSpec]:
    """Every process of this host, in the order of their start."""
    admin_socket = settings.path(settings.portal.admin_socket)
    children = [guacd_child(part, host) for part in host.guacd]
    children.append(
        ChildSpec(
            name="broker",
            label="broker (portal, API, policy)",
            command=[sys.executable, "-m", "sekisho", "--config", str(config), "broker"],
            is_ready=lambda: is_unix_open(admin_socket),
        )
    )
    if host.gateway_config:
        children.append(
            ChildSpec(
                name="gateway",
                label="gateway (picture and input)",
                command=[sys.executable, "-m", "gateway", "--config", host.gateway_config],
                is_ready=lambda: is_tcp_open(_LOOPBACK, host.gateway_port),
            )
        )
    if host.agent_config:
        children.append(
            ChildSpec(
                name="agent",
                label="agent (starts desktops)",
                command=[sys.executable, "-m", "pools.agent", "--config", host.agent_config],
                is_ready=_is_started,
            )
        )
    return children


async def _is_started() -> bool:
    """An agent listens nowhere: desktops that become ready are the sign that it works."""
    return True


async def serve_host(config: Path, host_config: Path, say: Callable[[str], None]) -> None:
    """Run this host until a stop signal. Raises :class:`ConfigurationError`, :class:`ChildDidNotStart`."""
    settings, host = load_settings(config), load_host(host_config)
    check_site(settings)
    prepare_data_dir(settings)
    await migrate(database_url(settings))
    async with Supervisor(settings.path("log"), say) as supervisor:
        await start_until_stopped(supervisor, host_children(config, settings, host), lambda: say("ready"))


async def start_until_stopped(
    supervisor: Supervisor, children: Sequence[ChildSpec], when_ready: Callable[[], None]
) -> None:
    """Start everything, then wait for a stop signal; one that comes while starting ends the start."""

    stop = asyncio.create_task(wait_for_stop_signal())
    start = asyncio.create_task(supervisor.start_all(children))
    await asyncio.wait({stop, start}, return_when=asyncio.FIRST_COMPLETED)
    if start.done():
        start.result()
        when_ready()
        await stop
    else:
        start.cancel()
        await asyncio.gather(start, return_exceptions=True)
