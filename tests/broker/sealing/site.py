"""A site with a sealed value of every kind, and brokers that share its database and a key file, or have a copy."""

import shutil
from datetime import timedelta
from pathlib import Path

import msgspec
from pyotp.totp import TOTP

from broker.device.authority import make_authority, open_authority
from broker.model.actor import Actor
from broker.model.ids import AttachmentId, DesktopId, PoolId, UserId
from broker.model.kinds import Role
from broker.model.records import Zone
from broker.model.sealing import SealedKind
from broker.pool.credentials import open_credential, seal_credential
from broker.ports import Store, Transaction
from broker.sealing.records import KeyStatus, Stage
from broker.sealing.service import KeyService
from broker.sealing.watch import KeyWatch
from broker.secret import SealingKey, Secret
from broker.session.seats import open_seat, seal_seat
from broker.signin.proving import totp_purpose
from broker.signin.records import EnrolmentOffer, MustEnrol, SignedIn
from broker.store import SqlStore
from broker.wire.messages import GuacdSeat
from tests.broker.signin.city import OFFICE, STEP, TENANT, City, open_city
from tests.broker.store.rows import LGWAN, a_desktop, a_pool, a_session, an_attachment

ROOT = Actor(tenant_id=TENANT, name="local:0", roles=frozenset({Role.SYSTEM_ADMIN}), address="local")
PEOPLE = ("yamada", "佐藤")
NEWCOMER = "suzuki"
DESKTOP = DesktopId("desktop-1")
ATTACHMENT = AttachmentId("attachment-1")
SEAT = GuacdSeat(address="guacd:4822", connection_id="$1", restrictions="")
STEPS = 40


class Node:
    """One broker, as far as keys go."""

    def __init__(self, store: Store, path: Path) -> None:
        self.path = path
        self.sealing = SealingKey.load(path)
        self.watch = KeyWatch(store, self.sealing, path)
        self.keys = KeyService(store, self.sealing, path, self.watch)

    async def rotate(self, *, begins: bool = False) -> KeyStatus:
        status = await self.keys.rotate(ROOT, begins=begins)
        assert isinstance(status, KeyStatus)
        return status

    async def status(self) -> KeyStatus:
        status = await self.keys.status(ROOT)
        assert isinstance(status, KeyStatus)
        return status


class Site:
    def __init__(self, store: SqlStore, city: City, path: Path) -> None:
        self.store = store
        self.city = city
        self.path = path
        self.offered = ""

    async def start(self, path: Path | None = None, store: Store | None = None) -> Node:
        node = Node(store or self.store, path or self.path)
        await node.watch.begin()
        return node

    def copy_keys(self, folder: Path) -> Path:
        """The key file of another host."""
        folder.mkdir(exist_ok=True)
        shutil.copy2(self.path, folder / "sealing.key")
        return folder / "sealing.key"

    async def finish(self, node: Node, *others: Node, begins: bool = False) -> KeyStatus:
        """Turn after turn, as the command does, while every broker looks at its file."""
        status = await node.rotate(begins=begins)
        for _ in range(STEPS):
            if status.stage is Stage.AT_REST:
                return status
            for each in (node, *others):
                await each.watch.look()
            status = await node.rotate()
        raise AssertionError(f"not at rest: {status}")

    async def open_all(self, sealing: SealingKey) -> None:
        """Every stored value, as the part of the product that uses it opens it."""
        async with self.store.read() as tx:
            for login in PEOPLE:
                user = await tx.people.find_user(TENANT, login)
                enrolment = await tx.signin.get_enrolment(TENANT, user.id if user else UserId(""))
                assert user is not None
                assert enrolment is not None
                secret = sealing.open(totp_purpose(TENANT, user.id), enrolment.secret)
                assert secret.reveal() == self.city.secrets[login]
            desktop = await tx.pools.get_desktop(TENANT, DESKTOP)
            authority = await tx.devices.get_authority(TENANT)
            attachment = await tx.sessions.get_attachment(ATTACHMENT)
        assert desktop is not None
        assert authority is not None
        assert attachment is not None
        assert open_seat(sealing, attachment) == SEAT
        assert open_credential(sealing, desktop)["password"] == Secret("机の鍵")
        open_authority(authority, sealing)

    async def sign_in(self, sealing: SealingKey, login: str = "yamada") -> None:
        """With the app, at a broker that has these keys."""
        door = City(self.store, self.city.directory, sealing, self.city.settings)
        door.secrets = self.city.secrets
        await door.sign_in(login)

    async def recover(self, sealing: SealingKey) -> None:
        """With the next recovery code of the person who enrolled last."""
        door = City(self.store, self.city.directory, sealing, self.city.settings)
        code, *self.city.recovery_codes = self.city.recovery_codes  # type: ignore[assignment]  # a tuple becomes a list
        outcome = await door.code(await door.pending(PEOPLE[-1]), code)
        assert isinstance(outcome, SignedIn), outcome
        self.store.shift_clock(2 * STEP)

    async def enrol_newcomer(self, sealing: SealingKey) -> None:
        """The one who has had the enrolment page open all the time types the first code now."""
        door = City(self.store, self.city.directory, sealing, self.city.settings)
        code = TOTP(self.offered).at(await door.now())
        assert isinstance(await door.confirm(self.pending, code), SignedIn)

    async def make_offer(self, sealing: SealingKey) -> None:
        door = City(self.store, self.city.directory, sealing, self.city.settings)
        asked = await door.password(NEWCOMER, address=OFFICE)
        assert isinstance(asked, MustEnrol)
        offer = await door.signin.offer_enrolment(asked.pending)
        assert isinstance(offer, EnrolmentOffer)
        self.pending, self.offered = asked.pending, offer.text_key.replace(" ", "")

    def wait(self, span: timedelta) -> None:
        self.store.shift_clock(span)


async def found_site(store: SqlStore, path: Path) -> Site:
    SealingKey.create(path)
    sealing = SealingKey.load(path)
    opened = await open_city(store)
    city = City(store, opened.directory, sealing, opened.settings)
    for login in PEOPLE:
        await city.enrol(login)
    async with store.write() as tx:
        await tx.pools.put_zone(Zone(tenant_id=TENANT, id=LGWAN, name_ja="LGWAN接続系", name_en="LGWAN"))
        await tx.devices.add_authority(make_authority(TENANT, sealing, now=tx.now))
        account = {"username": Secret("desk"), "password": Secret("机の鍵")}
        credential = seal_credential(sealing, TENANT, DESKTOP, account)
        pool = a_pool(tenant_id=TENANT)
        await tx.pools.put_pool(pool)
        desktop = msgspec.structs.replace(a_desktop(tenant_id=TENANT, pool_id=pool.id), id=DESKTOP)
        await tx.pools.add_desktop(msgspec.structs.replace(desktop, credential=credential))
        await _add_attachment(tx, sealing, pool.id)
    site = Site(store, city, path)
    await site.make_offer(sealing)
    return site


async def _add_attachment(tx: Transaction, sealing: SealingKey, pool_id: PoolId) -> None:
    user = await tx.people.find_user(TENANT, PEOPLE[0])
    assert user is not None
    session = a_session(user_id=user.id, tenant_id=TENANT, pool_id=pool_id)
    assert await tx.sessions.add_session(session)
    attachment = an_attachment(session)
    sealed = seal_seat(sealing, attachment, SEAT)
    await tx.sessions.add_attachment(msgspec.structs.replace(attachment, seat=sealed))


def counts(status: KeyStatus) -> dict[str, int]:
    """Sealed values by key."""
    return {row.id: row.total for row in status.keys}


ALL_KINDS = frozenset(SealedKind)
