"""What a connected gateway says, taken to the books in order; redemptions run beside it."""

import asyncio
from typing import Final

import structlog

from broker.errors import StoreError, WireError
from broker.link.allowance import Allowance
from broker.link.books import TunnelBooks
from broker.link.channel import FAULT, Channel
from broker.link.gateways import GatewayDirectory
from broker.link.limits import LinkLimits
from broker.session.records import RedeemDenied, RedeemOk
from broker.wire.codec import from_gateway
from broker.wire.messages import (
    EventAck,
    FromGateway,
    GatewayEvent,
    GatewayHeartbeat,
    GatewayHello,
    Redeem,
    Redeemed,
    RedeemRefused,
    Terminate,
)

_log: Final = structlog.get_logger(__name__)
UNAVAILABLE: Final = "unavailable"
"""Code of a refusal when the books could not be asked, or were asked too often."""
_MAX_DETAILS: Final = 16
_MAX_DETAIL_CHARACTERS: Final = 256
_MAX_CREDENTIAL_CHARACTERS: Final = 512


class GatewayFlow:
    """The messages of one gateway on one connection."""

    def __init__(
        self,
        hello: GatewayHello,
        channel: Channel,
        *,
        entrance: str,
        books: TunnelBooks,
        gateways: GatewayDirectory,
        limits: LinkLimits,
    ) -> None:
        self._entrance = entrance
        self._id = hello.gateway_id
        self._zones = frozenset(hello.zones)
        self._epoch = hello.epoch
        self._channel = channel
        self._books = books
        self._gateways = gateways
        self._limits = limits
        now_s = asyncio.get_running_loop().time()
        self._allowance = Allowance(per_s=limits.messages_per_s, burst=limits.messages_at_once, now_s=now_s)
        self._redeems = Allowance(per_s=limits.messages_per_s, burst=limits.messages_at_once, now_s=now_s)
        self._redemptions: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(limits.max_redeems_at_once)

    async def read(self) -> None:
        """Take messages until the peer closes. Raises :class:`WireError` when it breaks the contract."""
        try:
            while (frame := await self._channel.receive()) is not None:
                self._gateways.hear(self._id)
                await self._take(frame)
        finally:
            for redemption in self._redemptions:
                redemption.cancel()
            await asyncio.gather(*self._redemptions, return_exceptions=True)

    async def _take(self, frame: str) -> None:
        message: FromGateway = from_gateway.decode(frame)
        match message:
            case GatewayEvent() as event:
                await self._take_event(event)
            case Redeem() as redeem:
                self._take_redeem(redeem)
            case GatewayHeartbeat() as heartbeat:
                self._count()
                await self._compare(heartbeat)
            case GatewayHello():
                raise WireError("a second hello")

    def _count(self) -> None:
        self._allowance.spend(asyncio.get_running_loop().time())

    async def _take_event(self, event: GatewayEvent) -> None:
        """The acknowledgement follows the books: what is acknowledged is never lost."""
        _check_event(event)
        async with asyncio.timeout(self._limits.books_deadline_s):
            await self._books.take_event(self._id, self._epoch, event)
        self._channel.send(EventAck(number=event.number))

    async def _compare(self, heartbeat: GatewayHeartbeat) -> None:
        async with asyncio.timeout(self._limits.books_deadline_s):
            surplus = await self._books.compare_live(self._id, heartbeat.live)
        for attachment_id, reason in surplus:
            self._channel.send(Terminate(attachment_id=attachment_id, reason=reason))

    def _take_redeem(self, redeem: Redeem) -> None:
        """Tickets come from anybody who reaches the gateway: a flood of them is refused and the link goes on."""
        if max(len(redeem.ticket), len(redeem.tunnel_cookie), len(redeem.address)) > _MAX_CREDENTIAL_CHARACTERS:
            raise WireError("a ticket of impossible size")
        is_crowded = len(self._redemptions) >= self._limits.max_redeems_waiting
        if is_crowded or not self._redeems.may_spend(asyncio.get_running_loop().time()):
            self._channel.send(RedeemRefused(request=redeem.request, code=UNAVAILABLE))
            return
        redemption = asyncio.create_task(self._redeem(redeem))
        self._redemptions.add(redemption)
        redemption.add_done_callback(self._end_redeem)

    def _end_redeem(self, redemption: "asyncio.Task[None]") -> None:
        self._redemptions.discard(redemption)
        if not redemption.cancelled() and (fault := redemption.exception()) is not None:
            _log.error("wire.redeem_failed", exc_info=fault)
            self._channel.end(FAULT)

    async def _redeem(self, redeem: Redeem) -> None:
        try:
            async with self._turn, asyncio.timeout(self._limits.books_deadline_s):
                outcome = await self._books.redeem(
                    ticket=redeem.ticket,
                    tunnel_cookie=redeem.tunnel_cookie,
                    gateway_id=self._id,
                    zones=self._zones,
                    entrance=self._entrance,
                    address=redeem.address,
                )
        except (StoreError, TimeoutError) as error:
            _log.warning("wire.redeem_unavailable", fault=str(error))
            self._channel.send(RedeemRefused(request=redeem.request, code=UNAVAILABLE))
            return
        match outcome:
            case RedeemOk(spec):
                self._channel.send(Redeemed(request=redeem.request, spec=spec))
            case RedeemDenied(code):
                self._channel.send(RedeemRefused(request=redeem.request, code=code))


def _check_event(event: GatewayEvent) -> None:
    """What goes into the audit is small, whoever sends it."""
    if event.number < 1:
        raise WireError("events are numbered from 1")
    if min(event.bytes_to_browser, event.bytes_from_browser) < 0:
        raise WireError("a negative number of bytes")
    if len(event.detail) > _MAX_DETAILS:
        raise WireError("an event with too many details")
    if any(len(text) > _MAX_DETAIL_CHARACTERS for pair in event.detail.items() for text in pair):
        raise WireError("an event with an oversized detail")
