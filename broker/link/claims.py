"""Whether a peer is who its hello says: the key decides, and a false name is audited."""

import asyncio
from collections.abc import Collection
from typing import Final

import structlog
from aiohttp import web

from broker.errors import StoreError, WireError
from broker.link.keys import WirePeer
from broker.link.presence import Presence
from broker.link.tcp_door import is_certificate_of
from broker.model.ids import ZoneId
from broker.model.service_name import ServiceKind

_log: Final = structlog.get_logger(__name__)
_MAX_DETAIL_CHARACTERS: Final = 256


class Claims:
    """Judges hellos. What it refuses is audited once per peer and ``apart_s``, so that no loop fills the audit."""

    def __init__(self, presence: Presence, *, apart_s: float) -> None:
        self._presence = presence
        self._apart_s = apart_s
        self._told_s: dict[str, float] = {}

    async def check(self, kind: str, peer: WirePeer, name: str, zones: Collection[ZoneId]) -> None:
        """Raises :class:`WireError` unless the hello names the key's own id, and no zone beyond the key's."""
        if name == peer.name and peer.zones.issuperset(zones):
            return
        asked = " ".join(sorted(zones))[:_MAX_DETAIL_CHARACTERS]
        await self._tell(kind, peer, {"named": name, "asked_zones": asked})
        raise WireError("this key belongs to another peer, or not to these zones")

    async def check_channel(self, kind: ServiceKind, peer: WirePeer, request: web.Request) -> None:
        """Raises :class:`WireError` unless the certificate of the channel is that of the peer whose key is shown."""
        if is_certificate_of(request, kind, peer.name):
            return
        await self._tell(kind, peer, {"why": "another_certificate"})
        raise WireError("this key belongs to another certificate")

    async def _tell(self, kind: str, peer: WirePeer, detail: dict[str, str]) -> None:
        who = f"{kind}:{peer.name}"
        _log.warning("wire.claim_refused", peer=who, **detail)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s.get(who, -self._apart_s) >= self._apart_s:
            self._told_s[who] = now_s
            try:
                await self._presence.tell(f"{kind}.refused", who, peer.zones, detail, outcome="refused")
            except StoreError as error:
                _log.warning("wire.refusal_not_audited", peer=who, fault=str(error))
