"""The keys that gateways and agents prove themselves by: one per peer, as bearer tokens (RFC 6750)."""

import hmac
from collections.abc import Sequence
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.link.greeting import is_name
from broker.model.ids import ZoneId
from broker.network_settings import GatewayPeerSettings, WirePeerSettings
from broker.secret import Secret
from broker.settings import SiteSettings, read_secret_file

MIN_KEY_CHARACTERS: Final = 32
_SCHEME: Final = "Bearer "


class WirePeer(msgspec.Struct, frozen=True, kw_only=True):
    """Who a key belongs to, and the zones that it opens."""

    name: str
    zones: frozenset[ZoneId]
    key: Secret
    entrance: str = ""
    """The entrance that a gateway serves; agents serve none."""


class WireKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Every peer that may dial in.

    Raises :class:`ConfigurationError` for a bad name, a peer without a zone, a short key, an id or a key given twice.
    """

    gateways: tuple[WirePeer, ...]
    agents: tuple[WirePeer, ...]

    def __post_init__(self) -> None:
        shown: dict[str, str] = {}
        for kind, peers in (("gateway", self.gateways), ("agent", self.agents)):
            names = [peer.name for peer in peers]
            for peer in peers:
                _check_peer(kind, peer)
                if names.count(peer.name) > 1:
                    raise ConfigurationError(f"the {kind} {peer.name} is listed twice")
                other = shown.setdefault(peer.key.reveal(), f"{kind} {peer.name}")
                if other != f"{kind} {peer.name}":
                    raise ConfigurationError(f"{other} and {kind} {peer.name} must not have the same key")


def load_keys(settings: SiteSettings) -> WireKeys:
    """Read every peer's key file. Raises :class:`ConfigurationError`."""
    wire = settings.wire
    return WireKeys(
        gateways=tuple(_load_peer(settings, peer) for peer in wire.gateways),
        agents=tuple(_load_peer(settings, peer) for peer in wire.agents),
    )


def find_bearer(peers: Sequence[WirePeer], authorization: str | None) -> WirePeer | None:
    """Whose key an ``Authorization`` header carries. Every key is compared, each in constant time."""
    if authorization is None or not authorization.startswith(_SCHEME):
        return None
    shown = authorization.removeprefix(_SCHEME).encode("utf-8", "surrogateescape")
    found = [peer for peer in peers if hmac.compare_digest(shown, peer.key.reveal().encode())]
    return found[0] if found else None


def _load_peer(settings: SiteSettings, peer: WirePeerSettings) -> WirePeer:
    return WirePeer(
        name=peer.id,
        zones=frozenset(ZoneId(zone) for zone in peer.zones),
        key=read_secret_file(settings.path(peer.key_file)),
        entrance=peer.entrance if isinstance(peer, GatewayPeerSettings) else "",
    )


def _check_peer(kind: str, peer: WirePeer) -> None:
    if not peer.zones or not all(is_name(name) for name in (peer.name, *peer.zones)):
        raise ConfigurationError(f"the {kind} {peer.name!r} needs an id and zones of a-z, 0-9, '.', '_' and '-'")
    if len(peer.key.reveal()) < MIN_KEY_CHARACTERS:
        raise ConfigurationError(f"the key of {kind} {peer.name} has fewer than {MIN_KEY_CHARACTERS} characters")
