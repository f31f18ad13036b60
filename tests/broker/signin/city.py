"""What the tests of sign-in share: a city on a real store, and what its people do at the door."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from pyotp.totp import TOTP

from auth.totp import TotpFactor
from auth.webauthn import WebAuthn
from broker.model.arrival import Arrival
from broker.model.ids import TenantId
from broker.model.kinds import Origin, Role
from broker.model.passkeys import PasskeyRules
from broker.model.place import Place
from broker.model.records import AuditRecord, Tenant, User
from broker.ports import AuditQuery, Authenticator
from broker.secret import SealingKey, Secret
from broker.settings import SigninSettings
from broker.signin.passkey_desk import Passkeys
from broker.signin.records import (
    Authenticated,
    CodeAttempt,
    CodeOutcome,
    EnrolmentOffer,
    MustEnrol,
    NeedFactor,
    PasskeyAttempt,
    PasskeyQuestion,
    PasswordAttempt,
    PasswordOutcome,
    SignedIn,
)
from broker.signin.service import SigninService
from broker.store import SqlStore
from tests.fakes.authenticator import FakeAuthenticator, FakePerson
from tests.fakes.security_key import SecurityKey

TENANT = TenantId("demo")
OTHER = TenantId("neighbour")
HOST = "portal.city.example.jp"
OFFICE = "10.1.2.3"
HOME = "203.0.113.9"
STEP = timedelta(seconds=30)
ORIGIN = f"https://{HOST}"
PASSKEY_RULES = PasskeyRules(name="関所市", origins={HOST: frozenset({ORIGIN})})


def from_address(address: str, entrance: str = "portal", *, mark: Secret | None = None) -> Arrival:
    """A request that came in at the office's entrance, from a browser that may bear a mark."""
    return Arrival(entrance=entrance, address=address, place=Place(origin=Origin.OFFICE), browser_mark=mark)


def make_settings(**changes: object) -> SigninSettings:
    return msgspec.convert({"enrol_networks": ["10.0.0.0/8"]} | changes, SigninSettings)


class City:
    """One node of the broker, with the people at its door."""

    def __init__(
        self,
        store: SqlStore,
        directory: Authenticator,
        sealing: SealingKey | None = None,
        settings: SigninSettings | None = None,
        passkey_rules: PasskeyRules | None = None,
        *,
        can_change: bool = True,
    ) -> None:
        sealing, settings = sealing or SealingKey(os.urandom(32)), settings or make_settings()
        self.store = store
        self.directory = directory if isinstance(directory, FakeAuthenticator) else FakeAuthenticator()
        self.sealing = sealing
        self.settings = settings
        passkeys = Passkeys(WebAuthn(), {TENANT: passkey_rules or PASSKEY_RULES})
        changers = {TENANT: self.directory} if can_change else {}
        self.signin = SigninService(store, {TENANT: directory}, TotpFactor(), sealing, settings, passkeys, changers)
        self.secrets: dict[str, str] = {}
        self.recovery_codes: tuple[str, ...] = ()
        self.waited = timedelta()

    async def now(self) -> datetime:
        async with self.store.read() as tx:
            return tx.now

    def wait(self, span: timedelta) -> None:
        self.waited += span
        self.store.shift_clock(span)

    async def password(
        self,
        login: str = "yamada",
        password: str = "",
        *,
        address: str = HOME,
        hostname: str = HOST,
        mark: Secret | None = None,
    ) -> PasswordOutcome:
        attempt = PasswordAttempt(
            hostname=hostname,
            login=login,
            password=Secret(password or f"{login}-secret"),
            arrival=from_address(address, mark=mark),
            user_agent="Mozilla/5.0",
        )
        return await self.signin.submit_password(attempt)

    async def pending(
        self, login: str = "yamada", password: str = "", *, address: str = HOME, mark: Secret | None = None
    ) -> Secret:
        outcome = await self.password(login, password, address=address, mark=mark)
        assert isinstance(outcome, NeedFactor), outcome
        return outcome.pending

    def attempt(self, pending: Secret, code: str, *, address: str = HOME, mark: Secret | None = None) -> CodeAttempt:
        arrival = from_address(address, mark=mark)
        return CodeAttempt(pending=pending, code=code, arrival=arrival, user_agent="Mozilla/5.0")

    async def code(self, pending: Secret, code: str, *, address: str = HOME) -> CodeOutcome | MustEnrol:
        return await self.signin.submit_code(self.attempt(pending, code, address=address))

    async def app_code(self, login: str = "yamada", *, offset: int = 0) -> str:
        """What the app of this person shows now, or so many steps later."""
        return TOTP(self.secrets[login]).at(await self.now() + offset * STEP)

    async def offer(self, login: str = "yamada") -> tuple[Secret, EnrolmentOffer]:
        outcome = await self.password(login, address=OFFICE)
        assert isinstance(outcome, MustEnrol), outcome
        offer = await self.signin.offer_enrolment(outcome.pending)
        assert isinstance(offer, EnrolmentOffer)
        return outcome.pending, offer

    async def confirm(self, pending: Secret, code: str, *, address: str = OFFICE) -> CodeOutcome:
        return await self.signin.confirm_enrolment(self.attempt(pending, code, address=address))

    async def enrol(self, login: str = "yamada") -> SignedIn:
        """The first day at the office; afterwards the code of that minute is used up, so time passes."""
        pending, offer = await self.offer(login)
        self.secrets[login] = offer.text_key.replace(" ", "")
        outcome = await self.confirm(pending, await self.app_code(login))
        assert isinstance(outcome, SignedIn), outcome
        self.recovery_codes = outcome.recovery_codes
        self.wait(2 * STEP)
        return outcome

    async def sign_in(self, login: str = "yamada", *, address: str = HOME, mark: Secret | None = None) -> SignedIn:
        pending = await self.pending(login, address=address, mark=mark)
        attempt = self.attempt(pending, await self.app_code(login), address=address, mark=mark)
        outcome = await self.signin.submit_code(attempt)
        assert isinstance(outcome, SignedIn), outcome
        self.wait(2 * STEP)
        return outcome

    async def enrol_key(self, login: str = "yamada", *, key: SecurityKey | None = None) -> tuple[SignedIn, SecurityKey]:
        """The first day at the office, by a passkey."""
        outcome = await self.password(login, address=OFFICE)
        assert isinstance(outcome, MustEnrol), outcome
        asked = await self.signin.passkeys.ask_to_enrol(outcome.pending, HOST)
        assert isinstance(asked, PasskeyQuestion), asked
        key = key or SecurityKey(ORIGIN)
        answer = key.make(asked.options)
        entered = await self.signin.passkeys.enrol(self.with_key(outcome.pending, answer, address=OFFICE))
        assert isinstance(entered, SignedIn), entered
        self.recovery_codes = entered.recovery_codes
        return entered, key

    def with_key(
        self, pending: Secret, answer: str, *, address: str = HOME, hostname: str = HOST, name: str = "職場の鍵"
    ) -> PasskeyAttempt:
        return PasskeyAttempt(
            pending=pending,
            answer=answer,
            hostname=hostname,
            arrival=from_address(address),
            user_agent="Mozilla/5.0",
            name=name,
        )

    async def question(self, pending: Secret, hostname: str = HOST) -> Mapping[str, object]:
        asked = await self.signin.passkeys.ask_to_sign_in(pending, hostname)
        assert isinstance(asked, PasskeyQuestion), asked
        return asked.options

    async def sign_in_by_key(self, key: SecurityKey, login: str = "yamada", *, address: str = HOME) -> CodeOutcome:
        pending = await self.pending(login, address=address)
        answer = key.show(await self.question(pending))
        return await self.signin.passkeys.sign_in(self.with_key(pending, answer, address=address))

    async def authenticated(self, entered: SignedIn, address: str = HOME) -> Authenticated:
        auth = await self.signin.authenticate(entered.token, from_address(address))
        assert isinstance(auth, Authenticated), auth
        return auth

    async def user(self, login: str = "yamada") -> User:
        async with self.store.read() as tx:
            found = await tx.people.find_user(TENANT, login)
        assert found is not None
        return found

    async def lock(self, login: str = "yamada", *, is_locked: bool = True) -> None:
        user = await self.user(login)
        async with self.store.write() as tx:
            await tx.people.set_locked(TENANT, user.id, is_locked)

    async def audit(self, event: str = "") -> list[AuditRecord]:
        """Newest first."""
        async with self.store.read() as tx:
            return await tx.audit.search(TENANT, AuditQuery(event_prefix=event, limit=1000))

    async def causes(self) -> list[str]:
        """Why sign-ins were refused, newest first."""
        return [record.detail["cause"] for record in await self.audit("signin.refused")]


async def open_city(store: SqlStore, passkey_rules: PasskeyRules | None = None) -> City:
    directory = FakeAuthenticator(
        FakePerson(login="yamada", password="yamada-secret"),
        FakePerson(login="suzuki", password="suzuki-secret", display_name="鈴木 一郎"),
        FakePerson(login="佐藤", password="佐藤-secret", display_name="佐藤 花子"),
        FakePerson(login="desk", password="desk-secret", roles=frozenset({Role.TENANT_ADMIN})),
        FakePerson(login="left", password="left-secret", is_disabled=True),
    )
    async with store.write() as tx:
        for tenant_id, host in ((TENANT, HOST), (OTHER, "portal.neighbour.example.jp")):
            tenant = Tenant(id=tenant_id, name_ja="関所市", name_en="Sekisho", hostnames=frozenset({host}))
            await tx.people.put_tenant(tenant)
    return City(store, directory, passkey_rules=passkey_rules)
