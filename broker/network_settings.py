"""Settings of what lies between services: the wire, and the listeners that stand on mutual TLS."""

from typing import Final

import msgspec

from broker.model.entrances import EntranceRules

PORTAL_ENTRANCE: Final = "portal"
"""The entrance of a site whose people reach the broker's own listener."""


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


class EntranceSettings(EntranceRules, frozen=True, kw_only=True):
    """One way in (入口). Its proxy shows a certificate for ``urn:sekisho:entrance:<id>``: that alone names it."""
