"""Fakes of tenants and sign-in, named by what they do."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from broker.model.arrival import Arrival
from broker.model.kinds import Origin, Role
from broker.model.reasons import SignedOutCause
from broker.model.records import Tenant, User, WebSession
from broker.secret import Secret, hash_token, new_token
from broker.signin.records import (
    Authenticated,
    CodeAttempt,
    CodeOutcome,
    DirectoryDown,
    EnrolmentOffer,
    MustChangePassword,
    MustEnrol,
    NeedFactor,
    PasswordAttempt,
    PasswordOutcome,
    Refused,
    SignedIn,
    SignedOut,
    SteppedUp,
    StepUpOutcome,
    StepUpRefused,
    Throttled,
)
from tests.web.people import (
    AUDITOR,
    DESK,
    NEWCOMER,
    NOW,
    SECOND,
    STAFF,
    TENANT,
)

PASSWORD = "ひみつ-Passw0rd"
PASSWORD_OF_FIRST_DAY = "はじめの-Passw0rd"
"""Right, and has to be changed."""
CODE = "123456"
RECOVERY_CODE = "abcd-efgh-jkmn"


class OneCity:
    """Tenants: one city under localhost."""

    async def find_for_stranger(self, hostname: str) -> Tenant | None:
        return await self.find_by_hostname(hostname)

    async def find_by_hostname(self, hostname: str) -> Tenant | None:
        return TENANT if hostname in TENANT.hostnames else None

    async def list_all(self) -> list[Tenant]:
        return [TENANT]


class PlainSignin:
    """One password and one code for everybody; logins ``down`` and ``slow`` meet trouble."""

    def __init__(self) -> None:
        self.users = {user.login: user for user in (STAFF, DESK, SECOND, AUDITOR, NEWCOMER)}
        self.first_day: dict[str, User] = {}
        self.must_change: dict[str, User] = {}
        self.pending: dict[str, tuple[User | None, bool]] = {}
        self.signed_in: dict[str, Authenticated] = {}
        self.attempts: list[PasswordAttempt] = []
        self.withheld_roles: frozenset[Role] = frozenset()

    async def submit_password(self, attempt: PasswordAttempt) -> PasswordOutcome:
        self.attempts.append(attempt)
        if attempt.login == "down":
            return DirectoryDown()
        if attempt.login == "slow":
            return Throttled(NOW + timedelta(minutes=5))
        is_first = attempt.password == Secret(PASSWORD_OF_FIRST_DAY)
        user = self.users.get(attempt.login) if is_first or attempt.password == Secret(PASSWORD) else None
        token = new_token()
        if is_first and user is not None:
            self.first_day[token.reveal()] = user
        must_enrol = user == NEWCOMER
        self.pending[token.reveal()] = (user, must_enrol)
        return MustEnrol(token) if must_enrol else NeedFactor(token)

    async def offer_enrolment(self, pending: Secret) -> EnrolmentOffer | Refused:
        user, must_enrol = self.pending.get(pending.reveal(), (None, False))
        if user is None or not must_enrol:
            return Refused(may_retry=False)
        key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        grouped = " ".join(key[start : start + 4] for start in range(0, len(key), 4))
        uri = f"otpauth://totp/Sekisho:{user.login}?secret={key}&issuer=Sekisho"
        return EnrolmentOffer(display_name=user.display_name, text_key=grouped, uri=uri)

    async def submit_code(self, attempt: CodeAttempt) -> CodeOutcome:
        user, must_enrol = self.pending.get(attempt.pending.reveal(), (None, True))
        if must_enrol:
            return Refused(may_retry=False)
        if attempt.code == "000000":
            return Throttled(NOW + timedelta(minutes=5))
        if user is None or attempt.code not in {CODE, RECOVERY_CODE}:
            return Refused(may_retry=user is not None)
        del self.pending[attempt.pending.reveal()]
        if attempt.pending.reveal() in self.first_day:
            token = new_token()
            self.must_change[token.reveal()] = user
            return MustChangePassword(pending=token, user=user)
        return self.enter(user, used_recovery_code=attempt.code == RECOVERY_CODE)

    async def confirm_enrolment(self, attempt: CodeAttempt) -> CodeOutcome:
        user, must_enrol = self.pending.get(attempt.pending.reveal(), (None, False))
        if user is None or not must_enrol:
            return Refused(may_retry=False)
        if attempt.code != CODE:
            return Refused(may_retry=True)
        del self.pending[attempt.pending.reveal()]
        codes = tuple(f"{number:04}-wxyz-{number:04}" for number in range(1, 11))
        return self.enter(user, recovery_codes=codes)

    def enter(self, user: User, *, used_recovery_code: bool = False, recovery_codes: tuple[str, ...] = ()) -> SignedIn:
        """Sign a person in, as after both steps."""
        token, tunnel = new_token(), new_token()
        session = WebSession(
            token_hash=hash_token(token),
            tenant_id=user.tenant_id,
            user_id=user.id,
            csrf_token=new_token().reveal(),
            tunnel_hash=hash_token(tunnel),
            factor="totp",
            origin=Origin.OFFICE,
            address="192.0.2.10",
            user_agent="",
            entrance="portal",
            created_at=NOW,
            factor_at=datetime.now(UTC),
            seen_at=NOW,
            expires_at=NOW + timedelta(hours=10),
        )
        self.signed_in[token.reveal()] = Authenticated(session=session, user=user)
        return SignedIn(
            token=token,
            tunnel=tunnel,
            session=session,
            user=user,
            withheld_roles=self.withheld_roles,
            recovery_codes=recovery_codes,
            used_recovery_code=used_recovery_code,
            browser_mark=Secret(f"mark-of-{user.login}"),
        )

    async def step_up_by_code(self, auth: Authenticated, code: str) -> StepUpOutcome:
        if code == "000000":
            return Throttled(NOW + timedelta(minutes=5))
        if code != CODE:
            return StepUpRefused()
        self.change(factor_at=datetime.now(UTC))
        return SteppedUp(replace(auth.session, factor_at=datetime.now(UTC)))

    async def authenticate(self, token: Secret, arrival: Arrival) -> Authenticated | SignedOut | None:
        found = self.signed_in.get(token.reveal())
        if found is not None and found.session.entrance != arrival.entrance:
            del self.signed_in[token.reveal()]
            return SignedOut(SignedOutCause.OTHER_ENTRANCE)
        return found

    def move(self, entrance: str) -> None:
        """Every browser's session as if it had begun at another entrance."""
        self.change(entrance=entrance)

    def change(self, **changes: object) -> None:
        """Every browser's session with other facts."""
        for token, auth in self.signed_in.items():
            self.signed_in[token] = replace(auth, session=replace(auth.session, **changes))
