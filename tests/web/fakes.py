"""Fakes of the services, named by what they do. They keep everything in memory and remember what was asked."""

from datetime import timedelta

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.actor import Actor
from broker.model.ids import DesktopId, PoolId, SessionId, UserId
from broker.model.kinds import Origin
from broker.model.reasons import DenyReason, EndReason
from broker.model.records import AuditRecord, Pool, Session, Tenant, User, WebSession
from broker.people.records import NoSuchPerson, PersonDetails
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.decision import Allow, Deny, TraceStep
from broker.pool.records import (
    DesktopChanged,
    DesktopMoved,
    DesktopRow,
    NoSuchDesktop,
    NoSuchPool,
    PoolChanged,
    PoolSummary,
)
from broker.ports import AuditQuery
from broker.secret import Secret, hash_token, new_token
from broker.session.records import (
    Disconnected,
    Ended,
    LiveSession,
    NoSuchSession,
    OpenDenied,
    Opened,
    OpenOutcome,
    PoolView,
    Preparing,
    SessionOver,
    TicketIssued,
    TicketOutcome,
)
from broker.signin.records import (
    Authenticated,
    CodeAttempt,
    CodeOutcome,
    DirectoryDown,
    EnrolmentOffer,
    MustEnrol,
    NeedFactor,
    PasswordAttempt,
    PasswordOutcome,
    Refused,
    SignedIn,
    Throttled,
)
from tests.web.people import (
    AUDITOR,
    DESK,
    NEWCOMER,
    NOW,
    POOLS,
    STAFF,
    TENANT,
    make_desktop,
    make_record,
    make_session,
)
from web.context import ChangeOutcome, Services

PASSWORD = "ひみつ-Passw0rd"
CODE = "123456"
RECOVERY_CODE = "abcd-efgh-jkmn"
_RULES = ("signed_in", "second_factor", "not_locked", "origin_known", "origin_allowed", "entitled", "pool_open")


class OneCity:
    """Tenants: one city under localhost."""

    async def find_by_hostname(self, hostname: str) -> Tenant | None:
        return TENANT if hostname in TENANT.hostnames else None

    async def list_all(self) -> list[Tenant]:
        return [TENANT]


class PlainSignin:
    """One password and one code for everybody; logins ``down`` and ``slow`` meet trouble."""

    def __init__(self) -> None:
        self.users = {user.login: user for user in (STAFF, DESK, AUDITOR, NEWCOMER)}
        self.pending: dict[str, tuple[User | None, bool]] = {}
        self.signed_in: dict[str, Authenticated] = {}
        self.attempts: list[PasswordAttempt] = []

    async def submit_password(self, attempt: PasswordAttempt) -> PasswordOutcome:
        self.attempts.append(attempt)
        if attempt.login == "down":
            return DirectoryDown()
        if attempt.login == "slow":
            return Throttled(NOW + timedelta(minutes=5))
        user = self.users.get(attempt.login) if attempt.password == Secret(PASSWORD) else None
        token = new_token()
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
            created_at=NOW,
            seen_at=NOW,
            expires_at=NOW + timedelta(hours=10),
        )
        self.signed_in[token.reveal()] = Authenticated(session=session, user=user)
        return SignedIn(
            token=token,
            tunnel=tunnel,
            session=session,
            user=user,
            recovery_codes=recovery_codes,
            used_recovery_code=used_recovery_code,
        )

    async def authenticate(self, token: Secret, *, address: str) -> Authenticated | None:
        return self.signed_in.get(token.reveal())


class ScriptedSessions:
    """Sessions of the pools. ``waits`` tells how often a ticket is answered by 'preparing'."""

    def __init__(self) -> None:
        self.live: dict[PoolId, Session] = {}
        self.denied: dict[PoolId, DenyReason] = {POOLS[2][0].id: DenyReason.NOT_ENTITLED}
        self.pools: list[Pool] = [pool for pool, _zone in POOLS]
        self.over: dict[SessionId, EndReason] = {}
        self.waits = 0
        self.asked: list[str] = []
        self.others: list[LiveSession] = []

    def _decide(self, pool_id: PoolId) -> Allow | Deny:
        reason = self.denied.get(pool_id)
        trace = tuple(
            TraceStep(rule, not (rule == "entitled" and reason is DenyReason.NOT_ENTITLED), "facts") for rule in _RULES
        )
        if reason is not None:
            return Deny(reason, trace)
        return Allow(self.pools[0].grants, trace)

    def _own(self, auth: Authenticated, session_id: SessionId) -> Session | None:
        mine = (one for one in self.live.values() if one.id == session_id and one.user_id == auth.user.id)
        return next(mine, None)

    async def portal(self, auth: Authenticated) -> list[PoolView]:
        zones = {zone.id: zone for _pool, zone in POOLS}
        mine = {key: one for key, one in self.live.items() if one.user_id == auth.user.id}
        return [
            PoolView(
                pool=pool,
                zone=zones[pool.zone_id],
                decision=self._decide(pool.id),
                session=mine.get(pool.id),
                has_desktop=pool.id in mine,
                may_log_off=pool.provider == "local",
            )
            for pool in self.pools
        ]

    async def explain(self, auth: Authenticated, pool_id: PoolId) -> Allow | Deny | NoSuchPool:
        return self._decide(pool_id) if pool_id in {pool.id for pool in self.pools} else NoSuchPool()

    async def open(self, auth: Authenticated, pool_id: PoolId) -> OpenOutcome:
        pool = next((one for one in self.pools if one.id == pool_id), None)
        if pool is None:
            return NoSuchPool()
        if pool_id in self.denied:
            return OpenDenied(self.denied[pool_id], ())
        return Opened(self.live.setdefault(pool_id, make_session(pool, auth.user, SessionState.REQUESTED)))

    async def issue_ticket(self, auth: Authenticated, session_id: SessionId) -> TicketOutcome:
        self.asked.append(f"ticket {session_id}")
        if session_id in self.over:
            return SessionOver(self.over[session_id])
        session = self._own(auth, session_id)
        if session is None:
            return NoSuchSession()
        if self.waits > 0:
            self.waits -= 1
            return Preparing(state=SessionState.QUEUED, position=self.waits + 1, waiting_since=NOW)
        return TicketIssued(ticket=new_token(), expires_at=NOW + timedelta(seconds=30), takes_over=False)

    async def disconnect(self, auth: Authenticated, session_id: SessionId) -> Disconnected | NoSuchSession:
        self.asked.append(f"disconnect {session_id}")
        return Disconnected(session_id) if self._own(auth, session_id) else NoSuchSession()

    async def log_off(self, auth: Authenticated, session_id: SessionId) -> Ended | NoSuchSession:
        self.asked.append(f"logoff {session_id}")
        session = self._own(auth, session_id)
        if session is None:
            return NoSuchSession()
        del self.live[session.pool_id]
        return Ended(session_id=session_id, work_goes_on_until_limit=session.pool_id == POOLS[2][0].id)

    async def list_live(self, actor: Actor) -> list[LiveSession] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_SESSIONS) or list(self.others)

    async def terminate(self, actor: Actor, session_id: SessionId, note: str) -> Ended | NoSuchSession | NotAllowed:
        refusal = refuse_action(actor.roles, Action.TERMINATE_SESSION)
        if refusal is not None:
            return refusal
        if session_id not in {row.session.id for row in self.others}:
            return NoSuchSession()
        self.asked.append(f"terminate {session_id} by {actor.name}: {note}")
        self.others = [row for row in self.others if row.session.id != session_id]
        return Ended(session_id=session_id, work_goes_on_until_limit=False)


class ShelfOfPools:
    """The pools as the console sees them."""

    def __init__(self) -> None:
        self.pools = {pool.id: pool for pool, _zone in POOLS}
        first = POOLS[0][0]
        self.rows = [
            DesktopRow(desktop=make_desktop(first, 1, DesktopState.IN_USE), assignment=None, user=STAFF),
            DesktopRow(desktop=make_desktop(first, 2, DesktopState.READY), assignment=None, user=None),
            DesktopRow(
                desktop=make_desktop(first, 3, DesktopState.FAULTY, "起動から60秒以内に応答がありません"),
                assignment=None,
                user=None,
            ),
        ]
        self.asked: list[str] = []

    async def summaries(self, actor: Actor) -> list[PoolSummary] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_POOLS) or [
            PoolSummary(
                pool=pool,
                kind=pool.kind,
                counts={"ready": 1, "in_use": 1, "faulty": 1} if pool.provider == "local" else {"ready": 1},
                queued=2 if pool.provider == "local" else 0,
                live_sessions=1,
                provider_fault=None if pool.provider == "local" else "192.0.2.50 に接続できません",
            )
            for pool in self.pools.values()
        ]

    async def desktops(self, actor: Actor, pool_id: PoolId) -> list[DesktopRow] | NoSuchPool | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_POOLS)
        if refusal is not None:
            return refusal
        if pool_id not in self.pools:
            return NoSuchPool()
        return [row for row in self.rows if row.desktop.pool_id == pool_id]

    async def set_open(
        self, actor: Actor, pool_id: PoolId, is_open: bool, reason: str
    ) -> PoolChanged | NoSuchPool | NotAllowed:
        refusal = refuse_action(actor.roles, Action.CHANGE_POOLS)
        if refusal is not None:
            return refusal
        if pool_id not in self.pools:
            return NoSuchPool()
        self.asked.append(f"{'open' if is_open else 'close'} {pool_id} by {actor.name}: {reason}")
        self.pools[pool_id] = msgspec.structs.replace(self.pools[pool_id], is_open=is_open)
        return PoolChanged(self.pools[pool_id])

    async def repair(
        self, actor: Actor, desktop_id: DesktopId
    ) -> DesktopChanged | DesktopMoved | NoSuchDesktop | NotAllowed:
        refusal = refuse_action(actor.roles, Action.CHANGE_POOLS)
        if refusal is not None:
            return refusal
        row = next((one for one in self.rows if one.desktop.id == desktop_id), None)
        if row is None:
            return NoSuchDesktop()
        if row.desktop.state is not DesktopState.FAULTY:
            return DesktopMoved(row.desktop.state)
        self.asked.append(f"repair {desktop_id}")
        return DesktopChanged(row.desktop)


class HelpfulPeople:
    """People; what was done to them is remembered."""

    def __init__(self, signin: PlainSignin) -> None:
        self.signin = signin
        self.done: list[str] = []

    async def sign_out(self, token: Secret) -> Authenticated | None:
        return self.signin.signed_in.pop(token.reveal(), None)

    async def sign_out_everywhere(self, auth: Authenticated) -> int:
        mine = [key for key, one in self.signin.signed_in.items() if one.user.id == auth.user.id]
        for key in mine:
            del self.signin.signed_in[key]
        return len(mine)

    async def search(self, actor: Actor, text: str) -> list[User] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_PEOPLE) or [
            user for user in self.signin.users.values() if text in user.display_name or text in user.login
        ]

    def _find(self, user_id: UserId) -> User | None:
        return next((user for user in self.signin.users.values() if user.id == user_id), None)

    async def details(self, actor: Actor, user_id: UserId) -> PersonDetails | NoSuchPerson | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_PEOPLE)
        if refusal is not None:
            return refusal
        user = self._find(user_id)
        if user is None:
            return NoSuchPerson()
        recent = (make_record(2, "signin.succeeded"), make_record(1, "signin.refused", cause="wrong_code"))
        return PersonDetails(user=user, recovery_codes_left=9, recent=recent)

    async def _change(self, measure: str, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        refusal = refuse_action(actor.roles, Action.CHANGE_PEOPLE)
        if refusal is not None:
            return refusal
        user = self._find(user_id)
        if user is None:
            return NoSuchPerson()
        self.done.append(f"{measure} {user.login} by {actor.name}: {reason}")
        return user

    async def lock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("lock", actor, user_id, reason)

    async def unlock(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("unlock", actor, user_id, reason)

    async def reset_factor(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("reset_factor", actor, user_id, reason)

    async def end_signins(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return await self._change("end_signins", actor, user_id, reason)


class WrittenAudit:
    """Records, newest first; the last query is kept."""

    def __init__(self) -> None:
        events = ("signin.succeeded", "session.opened", "policy.denied", "session.first_frame_drawn")
        self.records = [make_record(number, events[number % 4], pool="lgwan-std") for number in range(120, 0, -1)]
        self.queries: list[AuditQuery] = []

    async def search(self, actor: Actor, query: AuditQuery) -> list[AuditRecord] | NotAllowed:
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is not None:
            return refusal
        self.queries.append(query)
        before = query.before_id if query.before_id is not None else 1 << 62
        found = [one for one in self.records if one.id < before and one.event.startswith(query.event_prefix)]
        return found[: query.limit]


class FakeCity:
    """All fakes together, and the services made of them."""

    def __init__(self) -> None:
        self.signin = PlainSignin()
        self.sessions = ScriptedSessions()
        self.pools = ShelfOfPools()
        self.people = HelpfulPeople(self.signin)
        self.audit = WrittenAudit()
        first = POOLS[0][0]
        self.sessions.others = [
            LiveSession(
                session=make_session(first, STAFF, SessionState.ACTIVE),
                user=STAFF,
                pool=first,
                desktop=make_desktop(first, 1, DesktopState.IN_USE),
                address="192.0.2.10",
            )
        ]

    def services(self) -> Services:
        return Services(
            tenants=OneCity(),
            signin=self.signin,
            sessions=self.sessions,
            pools=self.pools,
            people=self.people,
            audit=self.audit,
        )
