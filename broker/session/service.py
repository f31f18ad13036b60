"""The public face of sessions: what pages, the API, the wire and the reconciler call."""

from collections.abc import Callable, Collection, Mapping, Sequence

from broker.model.actor import Actor
from broker.model.ids import AttachmentId, GatewayId, PoolId, SessionId, TenantId, UserId, ZoneId
from broker.model.reasons import EndReason
from broker.policy.administration import NotAllowed
from broker.policy.decision import Decision
from broker.pool.records import Cut
from broker.ports import DesktopProvider, Store, TunnelControl
from broker.secret import SealingKey
from broker.session import ended, ending, listing, live_check, opening, redeeming, ticketing, tunnel_events
from broker.session.context import SessionContext
from broker.session.cuts_elsewhere import CutMemory, cuts_elsewhere
from broker.session.records import (
    Disconnected,
    Ended,
    EndedForPerson,
    LiveSession,
    NoSuchPool,
    NoSuchSession,
    OpenOutcome,
    PoolView,
    RedeemOutcome,
    TicketOutcome,
)
from broker.session.sweeping import SweepMemory, sweep
from broker.signin.records import Authenticated
from broker.wire.messages import GatewayEvent


class SessionService:
    """Sessions from opening to end. Every method may raise :class:`broker.errors.StoreUnavailable`.

    ``reconciler_wake`` asks for a round of the reconciler now; it must not block.
    """

    def __init__(
        self,
        store: Store,
        sealing: SealingKey,
        providers: Mapping[str, DesktopProvider],
        tunnels: TunnelControl,
        reconciler_wake: Callable[[], None],
    ) -> None:
        self._context = SessionContext(store, sealing, providers, tunnels, reconciler_wake)
        self._swept = SweepMemory()
        self._passed_on = CutMemory()

    # --- for the person

    async def portal(self, auth: Authenticated) -> list[PoolView]:
        """Every pool of the tenant, with the decision for this person and what is running there for them."""
        return await listing.portal(self._context, auth)

    async def ended_lately(self, auth: Authenticated) -> list[EndedForPerson]:
        """What ended within the last day without the person's doing, newest first."""
        return await ended.ended_lately(self._context, auth)

    async def explain(self, auth: Authenticated, pool_id: PoolId) -> Decision | NoSuchPool:
        """May the person open this pool right now, and by which rules."""
        return await listing.explain(self._context, auth, pool_id)

    async def open(self, auth: Authenticated, pool_id: PoolId) -> OpenOutcome:
        """Open a pool: the session that is still there, or a new one with a desktop or a place in the queue."""
        return await opening.open_pool(self._context, auth, pool_id)

    async def issue_ticket(self, auth: Authenticated, session_id: SessionId) -> TicketOutcome:
        """A ticket for one tunnel, at most 30 s good; asked again by the page while the desktop is prepared."""
        return await ticketing.issue_ticket(self._context, auth, session_id)

    async def disconnect(self, auth: Authenticated, session_id: SessionId) -> Disconnected | NoSuchSession:
        """End the tunnel; the desktop stays the person's."""
        outcome, cuts = await ending.disconnect(self._context, auth, session_id)
        await self.cut(cuts)
        return outcome

    async def log_off(self, auth: Authenticated, session_id: SessionId) -> Ended | NoSuchSession:
        """End the work and give the desktop back."""
        outcome, cuts = await ending.log_off(self._context, auth, session_id)
        await self._after_end(cuts)
        return outcome

    # --- for the IT desk

    async def list_live(self, actor: Actor) -> list[LiveSession] | NotAllowed:
        """The live sessions of the actor's tenant, newest first."""
        return await listing.list_live(self._context, actor)

    async def terminate(self, actor: Actor, session_id: SessionId, note: str) -> Ended | NoSuchSession | NotAllowed:
        """End anybody's session of the actor's tenant; ``note`` goes into the audit."""
        outcome, cuts = await ending.terminate(self._context, actor, session_id, note)
        await self._after_end(cuts)
        return outcome

    async def end_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        """End every live session of a person."""
        await self._after_end(await ending.end_all_of(self._context, tenant_id, user_id, reason))

    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        """End every tunnel of a person; the work stays."""
        await self.cut(await ending.disconnect_all_of(self._context, tenant_id, user_id, reason))

    # --- for the gateways

    async def redeem(
        self,
        *,
        ticket: str,
        tunnel_cookie: str,
        gateway_id: GatewayId,
        zones: Collection[ZoneId],
        entrance: str,
        address: str,
    ) -> RedeemOutcome:
        """Everything that a gateway needs for one tunnel; whoever was attached before is taken over."""
        redemption = redeeming.Redemption(
            ticket=ticket,
            tunnel_cookie=tunnel_cookie,
            gateway_id=gateway_id,
            zones=zones,
            entrance=entrance,
            address=address,
        )
        outcome, cuts = await redeeming.redeem(self._context, redemption)
        await self.cut(cuts)
        return outcome

    async def take_event(self, gateway_id: GatewayId, epoch: str, event: GatewayEvent) -> None:
        """Idempotent by number. Raises :class:`broker.errors.WireError` when a number in between is missing."""
        await self.cut(await tunnel_events.take_event(self._context, gateway_id, epoch, event))

    async def last_event(self, gateway_id: GatewayId, epoch: str) -> int:
        """The highest number of this epoch that the books hold; 0 before the first."""
        async with self._context.store.read() as tx:
            return await tx.sessions.get_last_event(gateway_id, epoch)

    async def compare_live(
        self, gateway_id: GatewayId, live: Collection[AttachmentId]
    ) -> list[tuple[AttachmentId, EndReason]]:
        """What the gateway must end; what it no longer holds is closed in the books."""
        return await live_check.compare_live(self._context, gateway_id, live)

    async def gateway_silent(self, gateway_id: GatewayId, *, is_told: bool) -> None:
        """The gateway is lost as far as the books go: its sessions are disconnected, their work waits.

        ``is_told``: the audit has the loss already, from the end of its connection.
        """
        await live_check.gateway_silent(self._context, gateway_id, is_told=is_told)

    # --- for the reconciler

    async def expire(self) -> None:
        """End what has outlived its limits, and what may not go on by the rules as they are now; pass on to the
        gateways here what another broker has ended."""
        cuts = [*await ending.expire(self._context), *await sweep(self._context, self._swept)]
        if cuts:
            await self._after_end(cuts)
        await self.cut(await cuts_elsewhere(self._context, self._passed_on))

    async def cut(self, cuts: Sequence[Cut]) -> None:
        """Tell the gateways to end attachments that the books have closed. What is missed, heartbeats repeat."""
        for cut in cuts:
            await self._context.tunnels.terminate(cut.attachment, cut.reason)

    async def _after_end(self, cuts: Sequence[Cut]) -> None:
        self._context.wake()
        await self.cut(cuts)
