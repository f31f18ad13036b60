"""Settings of the ways in: the portal, the wire, and the listeners that stand on mutual TLS."""

from typing import Annotated, Final

import msgspec

from broker.model.entrances import EntranceRules
from broker.model.kinds import DeviceKind, Origin, Segment
from broker.model.place import Place

PORTAL_ENTRANCE: Final = "portal"
"""The entrance of a site whose people reach the broker's own listener."""


_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class WirePeerSettings(_Settings, frozen=True, kw_only=True):
    """A gateway or an agent that may dial in. Its key decides who it is and which zones it may serve."""

    id: str
    zones: list[str]
    key_file: str
    """A key of its own, made at the first start when it is missing; the peer's host gets a copy of this one file."""


class GatewayPeerSettings(WirePeerSettings, frozen=True, kw_only=True):
    """A gateway that may dial in."""

    entrance: str = PORTAL_ENTRANCE
    """The entrance that it serves: tickets of people who came in elsewhere are refused at it."""


class ServiceListenerSettings(_Settings, frozen=True, kw_only=True):
    """A listener for other services, by mutual TLS (1.2 or later). Without ``host`` nothing is listened on."""

    host: str = ""
    port: int = 0
    certificate: str = ""
    """This service's own (PEM), good for the name by which it is dialled: ``sekisho pki issue broker``."""
    key: str = ""
    client_ca: str = ""
    """Certificate of the service authority (PEM). Who shows none of its certificates is not talked to."""

    def __post_init__(self) -> None:
        given = (self.host, self.port, self.certificate, self.key, self.client_ca)
        if any(given) and not all(given):
            raise ValueError("host, port, certificate, key and client_ca: give all of them, or none")
        if not 0 <= self.port < 65_536:
            raise ValueError("port: between 1 and 65535")


class WireSettings(ServiceListenerSettings, frozen=True, kw_only=True):
    """Where gateways and agents dial in: on this host by ``socket``, from others by mutual TLS on ``host`` and
    ``port``, with a certificate that names the peer (``urn:sekisho:gateway:<id>``, ``urn:sekisho:agent:<id>``). A peer
    that is not listed here is not let in."""

    socket: str = "run/wire.sock"
    gateways: list[GatewayPeerSettings] = []
    agents: list[WirePeerSettings] = []


class EntranceListenerSettings(ServiceListenerSettings, frozen=True, kw_only=True):
    """Where the proxies of the entrances bring people's requests, by mutual TLS. Only here are the client's address
    and the device's certificate taken from headers, and only from a proxy whose certificate names an entrance."""


_Place = Annotated[str, msgspec.Meta(pattern=r"^(\*|[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$")]
"""``address:port`` as HAProxy reads it; an IPv6 address in brackets."""
_File = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._/+-]*$")]
"""A path on the proxy's host."""


class EntranceProxySettings(_Settings, frozen=True, kw_only=True):
    """What ``sekisho entrance config <id>`` writes into the proxy's configuration. Paths are those of its host."""

    listen: tuple[_Place, ...] = ("*:443",)
    listen_plain: tuple[_Place, ...] = ("*:80",)
    """Where browsers without TLS are sent on to ``public_url``; empty: nowhere."""
    certificate: _File = "/etc/sekisho/entrance/public.pem"
    """The certificate of ``public_url`` that browsers see, with its chain and key (PEM), or a ``.crt`` beside a
    ``.key``."""
    service_certificate: _File = "/etc/sekisho/entrance/service.crt"
    """``sekisho pki issue entrance <id>``, beside its ``.key``."""
    service_ca: _File = "/etc/sekisho/entrance/service-ca.crt"
    device_ca: _File = ""
    """Certificate of the device authority. With it devices are asked for a certificate; empty: they are not."""
    brokers: list[_Place] = []
    """Where the brokers' entrance listeners are. Empty: on every host of ``[[hosts]]`` with the role ``broker``."""
    gateways: dict[_Name, _Place] = {}
    """Gateways of this entrance by id. Empty: every one of ``[[hosts]]`` with the role ``gateway:<id>``."""
    user: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9._-]{0,32}$")] = "haproxy"
    """Account that HAProxy gives up root for; empty: it stays who it is."""
    max_connections: Annotated[int, msgspec.Meta(ge=10)] = 4000
    max_connections_per_address: Annotated[int, msgspec.Meta(ge=1)] = 400
    """Many people may share one address."""
    new_connections_per_address_10s: Annotated[int, msgspec.Meta(ge=1)] = 400
    requests_per_address_10s: Annotated[int, msgspec.Meta(ge=1)] = 2000


class EntranceSettings(EntranceRules, frozen=True, kw_only=True):
    """One way in (入口). Its proxy shows a certificate for ``urn:sekisho:entrance:<id>``: that alone names it."""

    proxy: EntranceProxySettings = msgspec.field(default_factory=EntranceProxySettings)


class PortalSettings(_Settings, frozen=True, kw_only=True):
    """The pages and the API."""

    host: str | None = None
    """Not written: ``127.0.0.1`` on a site without ``[[entrances]]``; on one with them nothing is listened on, because
    everybody comes through those. Empty: nothing either."""
    port: int = 8400
    public_url: str = "http://localhost:8400"
    """Address that people type; its origin is the only one that forms and tunnels are taken from."""
    tunnel_url: str = "ws://localhost:8401/tunnel"
    """Address of the gateway's WebSocket as the browser reaches it."""
    origin: Origin = Origin.OFFICE
    """Where people who reach this listener come from (接続元区分)."""
    segment: Segment = Segment.UNKNOWN
    """The kind of line that this listener is reached by; only ``wired`` opens the resident zone."""
    device: DeviceKind = DeviceKind.NONE
    """The kind of device that this listener vouches for, because nothing else can reach it (an office LAN of lent
    PCs). ``none``: no device is known, and a pool that asks for one stays shut."""
    admin_socket: str = "run/admin.sock"
    """Unix socket of the command line, relative to ``data_dir``; only its owner and root may connect."""

    @property
    def place(self) -> Place:
        return Place(origin=self.origin, segment=self.segment, device=self.device)
