"""Whether a peer is who its hello says: the key decides, and a false name is audited."""

import asyncio
from collections.abc import Collection
from typing import Final

import structlog

from broker.errors import StoreError, WireError
from broker.link.keys import WirePeer
from broker.link.presence import Presence
from broker.model.ids import ZoneId

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
        who = f"{kind}:{peer.name}"
        asked = " ".join(sorted(zones))[:_MAX_DETAIL_CHARACTERS]
        _log.warning("wire.claim_refused", peer=who, named=name, zones=asked)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s.get(who, -self._apart_s) >= self._apart_s:
            self._told_s[who] = now_s
            detail = {"named": name, "asked_zones": asked}
            try:
                await self._presence.tell(f"{kind}.refused", who, peer.zones, detail, outcome="refused")
            except StoreError as error:
                _log.warning("wire.refusal_not_audited", peer=who, fault=str(error))
        raise WireError("this key belongs to another peer, or not to these zones")
