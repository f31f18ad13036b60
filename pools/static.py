"""Static desktops: hosts that are registered and run by themselves. They are only looked at, never switched."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from broker.model.kinds import DesktopProtocol
from broker.model.records import Desktop, Endpoint, Pool
from broker.ports import DesktopDown, DesktopUp, Observation, ProviderFailure, StartOrder
from pools.probe import Silent, Speaks, probe

PROBE_DEADLINE_S: Final = 3.0
OBSERVE_DEADLINE_S: Final = 30.0
REMEMBER_S: Final = 15.0
MAX_PROBES: Final = 32


class _Seen(msgspec.Struct, frozen=True):
    at_s: float
    result: Speaks | Silent


class StaticProvider:
    """Implements DesktopProvider (:mod:`broker.ports`), without log-off: the host's own limits end the work there.

    Each host is probed at most once in ``remember_s`` by :meth:`observe`, and ``max_probes`` hosts at a time;
    :meth:`start` always looks anew.

    A look ends before any sign-in. TigerVNC shuts out an address after five such connections
    (``BlacklistThreshold``): on VNC hosts, raise it where guacd comes from the broker's address.
    """

    def __init__(
        self,
        *,
        probe_deadline_s: float = PROBE_DEADLINE_S,
        observe_deadline_s: float = OBSERVE_DEADLINE_S,
        remember_s: float = REMEMBER_S,
        max_probes: int = MAX_PROBES,
    ) -> None:
        self._probe_deadline_s = probe_deadline_s
        self._observe_deadline_s = observe_deadline_s
        self._remember_s = remember_s
        self._turn = asyncio.Semaphore(max_probes)
        self._seen: dict[tuple[DesktopProtocol, Endpoint], _Seen] = {}

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        """Desktops that share a host and port (several accounts on it) are one look."""
        self._forget_old()
        endpoints = list({desktop.endpoint for desktop in desktops if desktop.endpoint is not None})
        try:
            async with asyncio.timeout(self._observe_deadline_s):
                results = await asyncio.gather(*(self._remember(pool.protocol, endpoint) for endpoint in endpoints))
        except TimeoutError:
            return ProviderFailure(f"{len(endpoints)} hosts could not be looked at in {self._observe_deadline_s:g} s")
        up = {endpoint for endpoint, result in zip(endpoints, results, strict=True) if isinstance(result, Speaks)}
        return Observation(frozenset(desktop.id for desktop in desktops if desktop.endpoint in up))

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        endpoint = order.desktop.endpoint
        if endpoint is None:
            return ProviderFailure(f"desktop {order.desktop.name} has no address", is_transient=False)
        match await self._look(order.pool.protocol, endpoint):
            case Speaks():
                return DesktopUp(endpoint)
            case Silent(fault):
                return ProviderFailure(fault)

    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:  # noqa: ARG002 -- the port's
        """The host goes on: it is not ours to switch off."""
        return DesktopDown()

    async def _remember(self, protocol: DesktopProtocol, endpoint: Endpoint) -> Speaks | Silent:
        seen = self._seen.get((protocol, endpoint))
        return seen.result if seen is not None else await self._look(protocol, endpoint)

    async def _look(self, protocol: DesktopProtocol, endpoint: Endpoint) -> Speaks | Silent:
        async with self._turn:
            result = await probe(protocol, endpoint.host, endpoint.port, deadline_s=self._probe_deadline_s)
        self._seen[protocol, endpoint] = _Seen(asyncio.get_running_loop().time(), result)
        return result

    def _forget_old(self) -> None:
        oldest_s = asyncio.get_running_loop().time() - self._remember_s
        self._seen = {key: seen for key, seen in self._seen.items() if seen.at_s >= oldest_s}
