"""A small city on a store: its pools, its people, one gateway, and a broker that can be killed and started anew."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.model.ids import AttachmentId, DesktopId, GatewayId, PoolId, SessionId, UserId
from broker.model.kinds import PoolKind
from broker.model.reasons import EndReason
from broker.model.records import Assignment, Attachment, AuditRecord, Desktop, Endpoint, Pool, Session
from broker.pool.credentials import seal_credential
from broker.pool.reconciler import Reconciler
from broker.pool.service import PoolService
from broker.ports import AuditQuery, DesktopProvider, Store
from broker.secret import SealingKey, Secret
from broker.session.records import Opened, RedeemOk, TicketIssued
from broker.session.service import SessionService
from broker.settings import ReconcileSettings
from broker.signin.records import Authenticated
from broker.store import SqlStore
from broker.wire.messages import ConnectionSpec, EventKind, GatewayEvent, GuacdSeat
from tests.factories import (
    CITY,
    GATEWAY,
    LGWAN,
    OWN,
    RESIDENT,
    SHARED,
    a_desktop,
    a_host_pool,
    a_pool,
    a_tenant,
    a_user,
    a_web_session,
    a_zone,
    tunnel_of,
)

SEALING = SealingKey(bytes(range(32)))
QUICK = ReconcileSettings(interval_s=0.01, start_deadline_s=0.2, reset_deadline_s=0.2)


async def eventually(condition: Callable[[], Awaitable[bool]], timeout_s: float = 30.0) -> None:
    """Returns when the condition holds. Raises :class:`AssertionError` when it does not in time."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come about in time"
        await asyncio.sleep(0.002)


@asynccontextmanager
async def running(reconciler: Reconciler) -> AsyncGenerator[None, None]:
    """The reconciler's own task, for the length of the block."""
    task = asyncio.create_task(reconciler.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class ToldTunnels:
    """Remembers which attachments the gateways were told to end. ``gateways`` are those that have dialled here."""

    def __init__(self) -> None:
        self.told: list[tuple[AttachmentId, EndReason]] = []
        self.gateways: frozenset[GatewayId] = frozenset()

    def connected(self) -> frozenset[GatewayId]:
        return self.gateways

    async def terminate(self, attachment: Attachment, reason: EndReason) -> None:
        self.told.append((attachment.id, reason))


class City:
    """Everything a test of pools and sessions stands on. ``restart`` is the death and return of the broker."""

    def __init__(
        self, store: SqlStore, providers: Mapping[str, DesktopProvider], settings: ReconcileSettings = QUICK
    ) -> None:
        self.store = store
        self.providers = providers
        self.settings = settings
        self.tunnels = ToldTunnels()
        self.event_number = 0
        self.restart()

    def restart(self, store: Store | None = None) -> None:
        """New service objects on the same rows: nothing else is remembered. ``store`` may stand in front of them."""
        front = store or self.store
        self.sessions = SessionService(front, SEALING, self.providers, self.tunnels, self._wake)
        self.reconciler = Reconciler(front, self.providers, SEALING, self.settings, self.sessions)
        self.pools = PoolService(front, self.providers, SEALING, self.reconciler.health)

    def _wake(self) -> None:
        self.reconciler.wake()

    async def found(self, *pools: Pool, people: int = 3, signed_in_s: int = 36_000) -> None:
        """Write tenant, zones, pools and people, who stay signed in for so long."""
        async with self.store.write() as tx:
            await tx.people.put_tenant(a_tenant())
            await tx.pools.put_zone(a_zone(LGWAN))
            await tx.pools.put_zone(a_zone(RESIDENT))
            for pool in pools or (a_pool(), a_pool(OWN, PoolKind.PERSISTENT)):
                await tx.pools.put_pool(pool)
            for number in range(1, people + 1):
                await tx.people.put_user(a_user(number))
                web = a_web_session(number, now=tx.now)
                expires_at = tx.now + timedelta(seconds=signed_in_s)
                await tx.signin.add_web_session(msgspec.structs.replace(web, expires_at=expires_at))

    async def add_hosts(self, *names: str, pool: Pool | None = None) -> None:
        """Register hosts with sealed accounts."""
        async with self.store.write() as tx:
            await tx.pools.put_pool(pool or a_host_pool())
            for number, name in enumerate(names, 100):
                host = a_desktop(DesktopState.ABSENT, number, since=tx.now, pool_id=(pool or a_host_pool()).id)
                credential = {"username": Secret("taro"), "password": Secret("himitsu")}
                sealed = seal_credential(SEALING, CITY, host.id, credential)
                endpoint = Endpoint(host=f"{name}.test", port=3389)
                await tx.pools.add_desktop(
                    msgspec.structs.replace(host, name=name, endpoint=endpoint, credential=sealed)
                )

    def person(self, number: int = 1) -> Authenticated:
        return Authenticated(session=a_web_session(number), user=a_user(number))

    async def settle(self, rounds: int = 12) -> None:
        """Reconcile until nothing changes any more."""
        before = None
        for _ in range(rounds):
            await self.reconciler.reconcile_once()
            after = [(d.id, d.version) for d in await self.desktops()]
            if after == before:
                return
            before = after

    def pass_time(self, seconds: float) -> None:
        self.store.shift_clock(timedelta(seconds=seconds))

    async def open(self, number: int = 1, pool_id: PoolId = SHARED) -> Session:
        outcome = await self.sessions.open(self.person(number), pool_id)
        assert isinstance(outcome, Opened), outcome
        return outcome.session

    async def ticket(self, session: Session, number: int = 1) -> TicketIssued:
        issued = await self.sessions.issue_ticket(self.person(number), session.id)
        assert isinstance(issued, TicketIssued), issued
        return issued

    async def redeem(self, issued: TicketIssued, number: int = 1) -> ConnectionSpec:
        outcome = await self.sessions.redeem(
            ticket=issued.ticket.reveal(),
            tunnel_cookie=tunnel_of(number),
            gateway_id=GATEWAY,
            entrance="portal",
            zones=[LGWAN, RESIDENT],
            address=f"192.0.2.{number}",
        )
        assert isinstance(outcome, RedeemOk), outcome
        return outcome.spec

    async def tell(
        self,
        spec: ConnectionSpec,
        kind: EventKind,
        reason: EndReason | None = None,
        *,
        sent: int = 0,
        seat: GuacdSeat | None = None,
        **detail: str,
    ) -> GatewayEvent:
        """The gateway tells the next event."""
        self.event_number += 1
        event = await self.event(spec, kind, reason, number=self.event_number, sent=sent)
        event = msgspec.structs.replace(event, detail=detail, seat=seat)
        await self.sessions.take_event(GATEWAY, "epoch-1", event)
        return event

    async def event(
        self, spec: ConnectionSpec, kind: EventKind, reason: EndReason | None = None, *, number: int, sent: int = 0
    ) -> GatewayEvent:
        async with self.store.read() as tx:
            now = tx.now
        return GatewayEvent(
            number=number,
            kind=kind,
            session_id=spec.session_id,
            attachment_id=spec.attachment_id,
            at=now,
            reason=reason,
            bytes_to_browser=sent,
        )

    async def attach(self, session: Session, number: int = 1) -> ConnectionSpec:
        """Ticket, tunnel, picture."""
        spec = await self.redeem(await self.ticket(session, number), number)
        await self.tell(spec, EventKind.ATTACHED)
        await self.tell(spec, EventKind.DRAWN)
        return spec

    async def work(self, number: int = 1, pool_id: PoolId = SHARED) -> tuple[Session, ConnectionSpec]:
        """Open a pool that has a desktop or gets one, and attach."""
        session = await self.open(number, pool_id)
        await self.settle()
        spec = await self.attach(session, number)
        return await self.session(session.id), spec

    async def session(self, session_id: SessionId) -> Session:
        async with self.store.read() as tx:
            session = await tx.sessions.get_session(CITY, session_id)
        assert session is not None
        return session

    async def live_sessions(self) -> list[Session]:
        async with self.store.read() as tx:
            return await tx.sessions.list_sessions(CITY)

    async def desktop(self, desktop_id: DesktopId | None) -> Desktop:
        assert desktop_id is not None
        async with self.store.read() as tx:
            desktop = await tx.pools.get_desktop(CITY, desktop_id)
        assert desktop is not None
        return desktop

    async def desktops(self, pool_id: PoolId | None = None) -> list[Desktop]:
        async with self.store.read() as tx:
            return await tx.pools.list_desktops(CITY, pool_id)

    async def assignments(self) -> list[Assignment]:
        async with self.store.read() as tx:
            return await tx.sessions.list_assignments(CITY)

    async def attachment(self, attachment_id: AttachmentId) -> Attachment:
        async with self.store.read() as tx:
            attachment = await tx.sessions.get_attachment(attachment_id)
        assert attachment is not None
        return attachment

    async def audit(self, event: str = "") -> list[AuditRecord]:
        """Oldest first."""
        async with self.store.read() as tx:
            return (await tx.audit.search(CITY, AuditQuery(event_prefix=event, limit=100_000)))[::-1]

    async def change_user(self, number: int, **changes: object) -> None:
        user = msgspec.structs.replace(a_user(number), **changes)
        async with self.store.write() as tx:
            await tx.people.put_user(user)
            await tx.people.set_locked(CITY, UserId(user.id), user.is_locked)

    async def change_pool(self, pool_id: PoolId, **changes: object) -> Pool:
        async with self.store.write() as tx:
            pool = await tx.pools.get_pool(CITY, pool_id)
            assert pool is not None
            changed = msgspec.structs.replace(pool, **changes)
            await tx.pools.put_pool(changed)
        return changed
