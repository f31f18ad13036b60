"""Sign-in as the pages and the API see it: one call per step, one answer to match."""

from collections.abc import Mapping
from datetime import timedelta

from broker.model.arrival import Arrival
from broker.model.ids import TenantId, UserId
from broker.ports import Authenticator, PasswordChanger, SecondFactor, Store
from broker.secret import SealingKey, Secret
from broker.settings import SigninSettings
from broker.signin.ceremonies import Ceremonies
from broker.signin.changing import PasswordChanging
from broker.signin.code import CodeStep
from broker.signin.completion import Completion
from broker.signin.enrol_places import read_enrol_places
from broker.signin.enrolment import EnrolmentStep
from broker.signin.own_factors import OwnFactorDesk
from broker.signin.parts import SigninParts
from broker.signin.passkey_desk import PasskeyDesk, Passkeys
from broker.signin.password import PasswordStep
from broker.signin.proving import CodeProver
from broker.signin.records import (
    Authenticated,
    CodeAttempt,
    CodeOutcome,
    EnrolmentOffer,
    MustEnrol,
    PasswordAttempt,
    PasswordOutcome,
    Refused,
    SignedOut,
    StepUpOutcome,
)
from broker.signin.stepping_up import StepUp
from broker.signin.throttles import Throttles
from broker.signin.websessions import WebSessions


class SigninService:
    """Raises :class:`broker.errors.ConfigurationError` when made with networks that are none."""

    def __init__(
        self,
        store: Store,
        authenticators: Mapping[TenantId, Authenticator],
        factor: SecondFactor,
        sealing: SealingKey,
        settings: SigninSettings,
        passkeys: Passkeys,
        changers: Mapping[TenantId, PasswordChanger] | None = None,
    ) -> None:
        places = read_enrol_places(settings)
        throttles = Throttles(settings, sealing)
        self._store = store
        self._settings = settings
        ceremonies = Ceremonies(passkeys.verifier, passkeys.rules)
        self._sessions = WebSessions(store, settings, ceremonies)
        completion = Completion(settings, throttles, self._sessions)
        self._password = PasswordStep(store, authenticators, settings, throttles, places, changers or {})
        prover = CodeProver(factor, sealing)
        self._code = CodeStep(store, prover, settings, throttles, completion)
        self.parts = SigninParts(
            store=store,
            settings=settings,
            throttles=throttles,
            completion=completion,
            prover=prover,
            ceremonies=ceremonies,
            places=places,
        )
        self.step_up = StepUp(store, prover, throttles, ceremonies)
        self.factors = OwnFactorDesk(self.parts, factor, sealing)
        self.passkeys = PasskeyDesk(self.parts, sealing, self.step_up)
        self._enrolment = EnrolmentStep(store, factor, sealing, settings, throttles, completion, places)
        self.passwords = PasswordChanging(store, changers or {}, settings, throttles, completion, self._sessions)

    async def submit_password(self, attempt: PasswordAttempt) -> PasswordOutcome:
        """First step. The answer is the same for every cause of a refusal."""
        return await self._password.submit(attempt)

    async def submit_code(self, attempt: CodeAttempt) -> CodeOutcome | MustEnrol:
        """Second step, by the app's code or a recovery code."""
        return await self._code.submit(attempt)

    async def offer_enrolment(self, pending: Secret) -> EnrolmentOffer | Refused:
        """What the enrolment page shows after :class:`broker.signin.records.MustEnrol`."""
        return await self._enrolment.offer(pending)

    async def confirm_enrolment(self, attempt: CodeAttempt) -> CodeOutcome:
        """Second step of a first sign-in: the app's first code. The recovery codes are given out here, once."""
        return await self._enrolment.confirm(attempt)

    async def step_up_by_code(self, auth: Authenticated, code: str) -> StepUpOutcome:
        """Inside a session: a second factor again, for what wants a fresh one."""
        return await self.step_up.by_code(auth, code)

    async def authenticate(self, token: Secret, arrival: Arrival) -> Authenticated | SignedOut | None:
        """Who holds a session cookie, now; None for every reason why nobody does."""
        return await self._sessions.authenticate(token, arrival)

    async def sign_out(self, token: Secret) -> Authenticated | None:
        """End one session; whose it was, for exactly one caller."""
        return await self._sessions.sign_out(token)

    async def sign_out_everywhere(self, tenant_id: TenantId, user_id: UserId, *, actor: str) -> int:
        """End every session of a person; how many there were."""
        return await self._sessions.sign_out_everywhere(tenant_id, user_id, actor=actor)

    async def purge(self) -> None:
        """Remove what has expired. To be called every few minutes."""
        async with self._store.write() as tx:
            await tx.signin.purge_expired(
                idle_limit=timedelta(seconds=self._settings.idle_limit_s),
                known_limit=timedelta(seconds=self._settings.known_address_s),
            )
