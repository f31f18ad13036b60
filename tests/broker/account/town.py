"""A town whose people are partly in a directory and partly local, at one door."""

from datetime import timedelta

import msgspec

from auth.hashing import Argon2Hasher
from auth.local import LocalAccounts
from auth.local_first import LocalFirst
from auth.totp import TotpFactor
from auth.webauthn import WebAuthn
from broker.account.emergency import EmergencyDesk, EndingWatch
from broker.account.records import AccountOrder, EmergencyBegun, PasswordGiven
from broker.account.service import AccountService
from broker.account_settings import LocalAccountSettings, PasswordHashSettings
from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.kinds import Role
from broker.model.reasons import EndReason
from broker.signin.passkey_desk import Passkeys
from broker.signin.service import SigninService
from broker.store import SqlStore
from tests.broker.signin.city import OTHER, TENANT, City, open_city

CHEAP = PasswordHashSettings(time_cost=1, memory_kib=8192, lanes=1)
ROOT = Actor(tenant_id=TENANT, name="local:0", roles=frozenset({Role.SYSTEM_ADMIN}), address="local")
DESK = Actor(tenant_id=TENANT, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address="10.0.0.9")
NEIGHBOUR = Actor(tenant_id=OTHER, name="user:them", roles=frozenset({Role.TENANT_ADMIN}), address="10.0.0.8")
ONE_TIME = timedelta(days=1)


class EndedDesktops:
    """Remembers whose desktops were ended."""

    def __init__(self) -> None:
        self.ended: list[UserId] = []

    async def end_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        assert (tenant_id, reason) == (TENANT, EndReason.TERMINATED)
        self.ended.append(user_id)


class Town:
    def __init__(self, store: SqlStore, base: City, hashing: PasswordHashSettings = CHEAP) -> None:
        self.store = store
        self.directory = base.directory
        self.hasher = Argon2Hasher(hashing)
        self.local = LocalAccounts(store, self.hasher, TENANT)
        self.door = LocalFirst(self.local, self.directory)
        self.city = City(store, self.door, base.sealing, base.settings)
        doors = {TENANT: self.door}
        self.city.signin = SigninService(
            store, doors, TotpFactor(), base.sealing, base.settings, Passkeys(WebAuthn(), {}), doors
        )
        self.desktops = EndedDesktops()
        rules = {TENANT: LocalAccountSettings(one_time_s=int(ONE_TIME.total_seconds()))}
        self.accounts = AccountService(store, self.hasher, {TENANT: self.directory}, self.desktops, rules)
        self.emergency = EmergencyDesk(store, self.hasher, TotpFactor(), base.sealing, "Sekisho")
        self.endings = EndingWatch(store)

    async def add(self, login: str = "keibi", actor: Actor = DESK, **changes: object) -> PasswordGiven:
        given = await self.accounts.add(actor, order(login, **changes))
        assert isinstance(given, PasswordGiven), given
        return given

    async def begin_emergency(self, hours: float = 8, login: str = "emergency-admin") -> EmergencyBegun:
        begun = await self.emergency.begin(ROOT, login=login, hours=hours, reason="ディレクトリの停止")
        assert isinstance(begun, EmergencyBegun), begun
        self.city.secrets[login] = begun.text_key.replace(" ", "")
        return begun

    async def events(self, prefix: str) -> list[str]:
        """Oldest first."""
        return [record.event for record in reversed(await self.city.audit(prefix))]


def order(login: str = "keibi", **changes: object) -> AccountOrder:
    made = AccountOrder(login=login, display_name="警備 太郎", department="宿直室", reason="夜間の窓口")
    return msgspec.structs.replace(made, **changes)


async def open_town(store: SqlStore) -> Town:
    return Town(store, await open_city(store))
