"""The entrances of a site: requests that their proxies bring, each named by its certificate alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from broker.model.arrival import Arrival
from broker.model.entrances import EntranceRules
from broker.model.service_name import ServiceKind
from broker.policy.entrances import find_place
from broker.wire.entrance_headers import (
    CLIENT_ADDRESS,
    DEVICE_CERTIFICATE,
    HeaderRefused,
    read_client_address,
    read_device_certificate,
)
from broker.wire.service_tls import peer_service
from web.arrival import Arrived, Front, Unvouched

NoteRefused = Callable[[str, str, str], Awaitable[None]]
"""Audits an entrance's name, why it was refused, and an address."""
_UNKNOWN: Final = ""


class ProxyEntrances:
    """What the broker's listener for entrances stands on. Two proxies that are mixed up stay two entrances."""

    def __init__(self, entrances: Sequence[EntranceRules], note_refused: NoteRefused) -> None:
        self._entrances: Mapping[str, EntranceRules] = {entrance.id: entrance for entrance in entrances}
        self._fronts = {entrance.id: _front_of(entrance) for entrance in entrances}
        self._note_refused = note_refused

    async def meet(self, request: web.Request) -> Arrived | Unvouched:
        """The certificate names the entrance; the headers name the client, and the ranges its place."""
        name = _name_of_proxy(request)
        entrance = None if name is None else self._entrances.get(name)
        if entrance is None:
            return await self._refuse(name or _UNKNOWN, "unknown_entrance", request.remote or "")
        try:
            address = read_client_address(request.headers.getall(CLIENT_ADDRESS, []))
            certificate = read_device_certificate(request.headers.getall(DEVICE_CERTIFICATE, []))
        except HeaderRefused:
            return await self._refuse(entrance.id, "headers_malformed", request.remote or "")
        if entrance.certificate_required and certificate is None:
            return await self._refuse(entrance.id, "device_certificate_missing", address)
        place = find_place(entrance, address)
        if place is None:
            return await self._refuse(entrance.id, "address_in_no_range", address)
        arrival = Arrival(entrance=entrance.id, address=address, place=place, certificate_der=certificate)
        return Arrived(arrival, self._fronts[entrance.id])

    async def _refuse(self, entrance: str, why: str, address: str) -> Unvouched:
        await self._note_refused(entrance, why, address)
        return Unvouched(why)


def _name_of_proxy(request: web.Request) -> str | None:
    transport = request.transport
    service = None if transport is None else peer_service(transport.get_extra_info("peercert"))
    return service.id if service is not None and service.kind is ServiceKind.ENTRANCE else None


def _front_of(entrance: EntranceRules) -> Front:
    hostname = urlsplit(entrance.public_url).hostname or ""
    return Front(public_url=entrance.public_url, tunnel_url=entrance.tunnel_url, hostname=hostname)
