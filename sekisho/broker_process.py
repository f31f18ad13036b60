"""The broker's process: store, services, wire, portal and admin socket, from settings until a stop signal."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog

from auth.hashing import Argon2Hasher
from auth.totp import TotpFactor
from auth.webauthn import WebAuthn
from broker.account.emergency import EmergencyDesk, EndingWatch
from broker.account.service import AccountService
from broker.audit import AuditService, CheckpointKey, Sealer
from broker.audit.arrivals import RefusedArrivals
from broker.change.service import ChangeService
from broker.device.expiry import ExpiryWatch
from broker.device.service import DeviceService
from broker.directory.desk import DirectoryDesk
from broker.directory.mapping import MappingDesk
from broker.directory.servers import ServersDesk
from broker.directory.sync import DirectorySync, SyncedDirectory
from broker.flow.service import FlowDesk
from broker.link.agents import AgentDirectory
from broker.link.gateways import GatewayDirectory
from broker.link.keys import load_keys
from broker.link.limits import LinkLimits
from broker.link.server import WireServer
from broker.link.tcp_door import find_tcp_door
from broker.model.ids import TenantId
from broker.people.approvals import ApprovalService
from broker.people.consents import ConsentDesk
from broker.people.factor_desk import FactorDesk
from broker.people.help_desk import HelpDesk
from broker.people.leavers import LeaverWatch
from broker.people.locks import LockService
from broker.people.passkeys import PasskeyShelf
from broker.people.passwords import PasswordDesk
from broker.people.service import PeopleService
from broker.people.tenants import TenantDirectory
from broker.pool.consent_files import read_consents
from broker.pool.reconciler import Reconciler
from broker.pool.service import PoolService
from broker.ports import DesktopProvider
from broker.sealing.service import KeyService
from broker.sealing.watch import KeyWatch
from broker.session.policy_desk import PolicyDesk
from broker.session.service import SessionService
from broker.settings import SiteSettings
from broker.signin.passkey_desk import Passkeys
from broker.signin.service import SigninService
from broker.store import SqlStore, open_store
from gateway.descriptors import raise_descriptor_limit
from pools.local import LocalProvider
from pools.static import StaticProvider
from sekisho.directories import (
    directories_of,
    make_authenticators,
    make_doors,
    mapping_rules,
    open_listings,
    rhythms_of,
)
from sekisho.door.limits import DoorLimits, limits_within
from sekisho.listeners import Applications, serve
from sekisho.logs import set_up_log
from sekisho.passkeys import passkey_rules
from sekisho.site import check_site, database_url, load_sealing_key, prepare_data_dir
from sekisho.supervisor.supervise import wait_for_stop_signal
from web.admin_socket import create_admin_app
from web.app import create_app
from web.arrival import PortalEntrance
from web.context import Services
from web.entrances import ProxyEntrances

_log = structlog.get_logger(__name__)
_PURGE_INTERVAL_S: Final = 60.0
_SYNC_LOOK_S: Final = 2.0
"""How soon a sync that the desk asked for begins."""
_EXPIRY_INTERVAL_S: Final = 600.0
_KEY_INTERVAL_S: Final = 1.0
_ENDING_INTERVAL_S: Final = 5.0


class Broker:
    """The broker's parts, wired. Nothing runs yet."""

    def __init__(self, settings: SiteSettings, store: SqlStore) -> None:
        self.settings = settings
        gateways, agents = GatewayDirectory(), AgentDirectory()
        sealing = load_sealing_key(settings)
        key_file = settings.path(settings.sealing_key_file)
        self.key_watch = KeyWatch(store, sealing, key_file)
        providers: dict[str, DesktopProvider] = {
            "static": StaticProvider(),
            "local": LocalProvider(agents, deadline_s=settings.reconcile.start_deadline_s),
        }
        self.sessions = SessionService(store, sealing, providers, gateways, self.wake)
        self.reconciler = Reconciler(store, providers, sealing, settings.reconcile, self.sessions)
        self.pools = PoolService(store, providers, sealing, self.reconciler.health)
        self.authenticators = make_authenticators(settings)
        self.hasher = Argon2Hasher(settings.password_hash)
        doors = make_doors(settings, store, self.hasher, self.authenticators)
        self.signin = SigninService(
            store,
            doors,
            TotpFactor(),
            sealing,
            settings.signin,
            Passkeys(WebAuthn(), passkey_rules(settings)),
            doors,
        )
        passwords = PasswordDesk(
            store,
            self.signin.passwords,
            doors,
            self.sessions,
            settings.signin,
            keeping=[TenantId(tenant.id) for tenant in settings.tenants if tenant.keep_desktops_on_password_change],
        )
        self.leavers = LeaverWatch(store, doors)
        self.endings = EndingWatch(store)
        self.listings = open_listings(settings)
        self.sync = DirectorySync(
            store, {key: SyncedDirectory(self.listings[key], rhythm) for key, rhythm in rhythms_of(settings).items()}
        )
        self.policy = PolicyDesk(store)
        self.changes = ChangeService(store, self.wake)
        self.devices = DeviceService(store, sealing, settings.devices, self.wake)
        self.expiry = ExpiryWatch(store)
        self.refused_arrivals = RefusedArrivals(store)
        self.services = Services(
            tenants=TenantDirectory(store),
            signin=self.signin,
            passkeys=self.signin.passkeys,
            own_factors=self.signin.factors,
            person_passkeys=PasskeyShelf(store, self.sessions),
            sessions=self.sessions,
            pools=self.pools,
            locks=LockService(store),
            help_desk=HelpDesk(store),
            people=PeopleService(store, self.signin, self.sessions),
            audit=AuditService(store),
            policy=self.policy,
            approvals=ApprovalService(store),
            changes=self.changes,
            flows=FlowDesk(store, settings),
            devices=self.devices,
            accounts=AccountService(
                store,
                self.hasher,
                {tenant: found for tenant, found in self.authenticators.items() if found.parts},
                self.sessions,
                {TenantId(tenant.id): tenant.local_accounts for tenant in settings.tenants},
            ),
            emergencies=EmergencyDesk(store, self.hasher, TotpFactor(), sealing, settings.signin.issuer),
            passwords=passwords,
            factor_desk=FactorDesk(store, sealing, self.sessions),
            consents=ConsentDesk(store, read_consents(settings)),
            keys=KeyService(store, sealing, key_file, self.key_watch),
            directory=DirectoryDesk(store, directories_of(settings)),
            directory_servers=ServersDesk(self.authenticators),
            mapping=MappingDesk(store, self.authenticators, mapping_rules(settings)),
        )
        self.sealer = Sealer(
            store,
            CheckpointKey.load(settings.path(settings.audit.checkpoint_key_file)),
            settings.path(settings.audit.checkpoint_file),
            settings.audit,
        )
        self.wire = WireServer(
            books=self.sessions,
            store=store,
            gateways=gateways,
            agents=agents,
            keys=load_keys(settings),
            limits=LinkLimits(silence_s=settings.reconcile.gateway_silence_s),
        )

    def close(self) -> None:
        """Let go of the directories: no sign-in waits for one any more."""
        for authenticator in self.authenticators.values():
            authenticator.close()
        self.hasher.close()
        for listing in self.listings.values():
            listing.close()

    def wake(self) -> None:
        """Ask for a round of the reconciler now."""
        self.reconciler.wake()


async def run_broker(settings: SiteSettings) -> None:
    """Serve until a stop signal. Raises :class:`broker.errors.SekishoError` when it can't start."""
    set_up_log(settings.log)
    limits = limits_within(raise_descriptor_limit())
    check_site(settings)
    prepare_data_dir(settings)
    store = await open_store(database_url(settings), pool_size=settings.database.pool_size)
    try:
        broker = Broker(settings, store)
        try:
            await broker.key_watch.begin()
            await broker.pools.apply_site(settings)
            async with _serving(broker, limits):
                _log.info("broker.ready", urls=_public_urls(settings))
                stop = await wait_for_stop_signal()
                _log.info("broker.stopping", signal=stop.name)
        finally:
            broker.close()
    finally:
        await store.close()


def _public_urls(settings: SiteSettings) -> list[str]:
    own = [settings.portal.public_url] if settings.portal_host else []
    return [*own, *(entrance.public_url for entrance in settings.entrances)]


@asynccontextmanager
async def _serving(broker: Broker, limits: DoorLimits) -> AsyncGenerator[None]:
    """Background work and listeners; people are let in last and sent away first."""
    settings = broker.settings
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_sealing(broker.sealer))
        await stack.enter_async_context(
            broker.wire.listening(settings.path(settings.wire.socket), find_tcp_door(settings))
        )
        stack.push_async_callback(broker.key_watch.end)
        await stack.enter_async_context(_background("keys", _repeat(broker.key_watch.look, _KEY_INTERVAL_S)))
        await stack.enter_async_context(_background("endings", _repeat(broker.endings.look, _ENDING_INTERVAL_S)))
        await stack.enter_async_context(_background("reconcile", broker.reconciler.run()))
        await stack.enter_async_context(_background("purge", _repeat(broker.signin.purge, _PURGE_INTERVAL_S)))
        await stack.enter_async_context(_background("expiry", _repeat(broker.expiry.warn, _EXPIRY_INTERVAL_S)))
        await stack.enter_async_context(_background("forget", _repeat(broker.policy.purge, _PURGE_INTERVAL_S)))
        await stack.enter_async_context(_background("lapse", _repeat(broker.changes.expire, _PURGE_INTERVAL_S)))
        for tenant in settings.tenants:
            look = partial(broker.leavers.look, TenantId(tenant.id))
            rounds = _repeat(look, min((each.recheck_interval_s for each in tenant.every_directory), default=60.0))
            await stack.enter_async_context(_background(f"leavers {tenant.id}", rounds))
        for tenant_id, directory in broker.listings:
            sync = _repeat(partial(broker.sync.look, tenant_id, directory), _SYNC_LOOK_S)
            await stack.enter_async_context(_background(f"sync {tenant_id} {directory}", sync))
        entrances = ProxyEntrances(settings.entrances, broker.refused_arrivals.note)
        fresh_factor_s = settings.signin.fresh_factor_s
        applications = Applications(
            admin=create_admin_app(broker.services),
            portal=create_app(broker.services, PortalEntrance(settings.portal), fresh_factor_s=fresh_factor_s),
            entrances=create_app(broker.services, entrances, fresh_factor_s=fresh_factor_s),
        )
        for listener in serve(applications, settings, limits):
            await stack.enter_async_context(listener)
        yield


@asynccontextmanager
async def _sealing(sealer: Sealer) -> AsyncGenerator[None]:
    """The sealer finishes what the others wrote before it ends."""
    task = asyncio.create_task(sealer.run(), name="seal")
    try:
        yield
    finally:
        sealer.stop()
        await task


@asynccontextmanager
async def _background(name: str, work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _repeat(work: Callable[[], Awaitable[object]], interval_s: float) -> None:
    """Do ``work`` again and again; a fault of one round is logged and the next round tried."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  the outermost edge of this task
            _log.exception("background.failed", work=getattr(work, "__qualname__", "work"))
        await asyncio.sleep(interval_s)
