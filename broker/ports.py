"""What the core needs from outside, as small Protocols: no request, no HTML, no SQL in them.

Plugin points are :class:`Authenticator`, :class:`SecondFactor` and :class:`DesktopProvider`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import msgspec

from broker.model.ids import (
    AgentId,
    AttachmentId,
    DesktopId,
    GatewayId,
    PoolId,
    SessionId,
    TenantId,
    UserId,
    ZoneId,
)
from broker.model.kinds import Mode, Role
from broker.model.reasons import EndReason, SigninRefusal
from broker.model.records import (
    Assignment,
    Attachment,
    AuditRecord,
    Desktop,
    Endpoint,
    PendingSignin,
    Pool,
    Session,
    Tenant,
    Throttle,
    Ticket,
    TotpEnrolment,
    User,
    WebSession,
    Zone,
)
from broker.secret import Secret

# --- the store ------------------------------------------------------------------------------------


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the audit before it is written: who did what to what, from where, and what came of it.

    ``actor`` and ``subject`` read ``kind:id`` (``user:…``, ``gateway:…``, ``system``). ``detail`` holds no secret.
    """

    tenant_id: TenantId
    event: str
    actor: str
    subject: str
    outcome: str = "ok"
    address: str = ""
    detail: Mapping[str, str] = {}


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit, newest first. ``text`` is looked for in actor, subject, event and detail."""

    event_prefix: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None
    limit: int = 100


class AuditCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A signed statement that the chain of a tenant reached ``seq`` with ``record_hash``."""

    tenant_id: TenantId
    seq: int
    record_hash: bytes
    signed_at: datetime
    signature: bytes


class AuditTx(Protocol):
    """The audit inside one transaction. Nothing here changes or removes a record."""

    async def append(self, entry: AuditEntry) -> None: ...
    async def search(self, tenant_id: TenantId, query: AuditQuery) -> list[AuditRecord]: ...
    async def read_chain(self, tenant_id: TenantId, after_seq: int, limit: int) -> list[AuditRecord]: ...
    async def count_unsealed(self, tenant_id: TenantId) -> int: ...


class PeopleTx(Protocol):
    async def find_tenant_by_hostname(self, hostname: str) -> Tenant | None: ...
    async def get_tenant(self, tenant_id: TenantId) -> Tenant | None: ...
    async def list_tenants(self) -> list[Tenant]: ...
    async def put_tenant(self, tenant: Tenant) -> None: ...
    async def set_mode(self, tenant_id: TenantId, mode: Mode) -> None: ...
    async def get_user(self, tenant_id: TenantId, user_id: UserId) -> User | None: ...
    async def find_user(self, tenant_id: TenantId, login: str) -> User | None: ...
    async def search_users(self, tenant_id: TenantId, text: str, limit: int) -> list[User]: ...

    async def put_user(self, user: User) -> User:
        """Insert, or update what the directory owns (name, department, groups, roles) of the row with the
        same tenant and login, whose id then wins; answers the row as stored."""
        ...

    async def set_locked(self, tenant_id: TenantId, user_id: UserId, is_locked: bool) -> None: ...
    async def mark_signed_in(self, tenant_id: TenantId, user_id: UserId) -> None: ...


class SigninTx(Protocol):
    """Throttles, pending sign-ins, factors and web sessions inside one transaction."""

    async def get_throttles(self, keys: Sequence[str]) -> dict[str, Throttle]: ...
    async def put_throttle(self, throttle: Throttle) -> None: ...
    async def clear_throttle(self, key: str) -> None: ...
    async def add_pending(self, pending: PendingSignin) -> None: ...
    async def get_pending(self, token_hash: bytes) -> PendingSignin | None: ...
    async def update_pending(self, pending: PendingSignin) -> None: ...

    async def consume_pending(self, token_hash: bytes) -> bool:
        """Delete; True for exactly one caller."""
        ...

    async def get_enrolment(self, tenant_id: TenantId, user_id: UserId) -> TotpEnrolment | None: ...

    async def add_enrolment(self, enrolment: TotpEnrolment, recovery_hashes: Sequence[bytes]) -> bool:
        """Store a confirmed factor with its recovery codes; False when the person has one already."""
        ...

    async def remove_enrolment(self, tenant_id: TenantId, user_id: UserId) -> bool: ...

    async def advance_totp_step(self, tenant_id: TenantId, user_id: UserId, step: int) -> bool:
        """Compare-and-swap: store ``step`` if it is greater than the last accepted one; False otherwise."""
        ...

    async def use_recovery_code(self, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
        """Mark one unused code used; True for exactly one caller."""
        ...

    async def count_recovery_codes(self, tenant_id: TenantId, user_id: UserId) -> int: ...
    async def add_web_session(self, session: WebSession) -> None: ...
    async def get_web_session(self, token_hash: bytes) -> WebSession | None: ...
    async def touch_web_session(self, token_hash: bytes, seen_at: datetime) -> None: ...
    async def remove_web_session(self, token_hash: bytes) -> bool: ...
    async def remove_web_sessions_of(self, tenant_id: TenantId, user_id: UserId) -> int: ...

    async def purge_expired(self, idle_limit: timedelta) -> int:
        """Remove expired pending sign-ins, idle or expired web sessions, stale throttles, old tickets."""
        ...


class PoolTx(Protocol):
    async def list_zones(self, tenant_id: TenantId) -> list[Zone]: ...
    async def get_zone(self, tenant_id: TenantId, zone_id: ZoneId) -> Zone | None: ...
    async def put_zone(self, zone: Zone) -> None: ...
    async def list_pools(self, tenant_id: TenantId) -> list[Pool]: ...
    async def get_pool(self, tenant_id: TenantId, pool_id: PoolId) -> Pool | None: ...
    async def put_pool(self, pool: Pool) -> None: ...
    async def list_desktops(self, tenant_id: TenantId, pool_id: PoolId | None = None) -> list[Desktop]: ...
    async def get_desktop(self, tenant_id: TenantId, desktop_id: DesktopId) -> Desktop | None: ...
    async def find_owned_desktop(
        self, tenant_id: TenantId, pool_id: PoolId, owner_id: UserId
    ) -> Desktop | None:
        """The desktop of this pool that belongs to the person and is not retired."""
        ...

    async def count_desktops(self, tenant_id: TenantId, pool_id: PoolId) -> int:
        """How many desktops the pool has that are not retired."""
        ...

    async def add_desktop(self, desktop: Desktop) -> None: ...

    async def swap_desktop(self, before: Desktop, after: Desktop) -> Desktop | None:
        """Compare-and-swap on ``version`` (and id): the stored row with ``version + 1``, or None when somebody
        else changed it in between."""
        ...

    async def reserve_ready(self, tenant_id: TenantId, pool_id: PoolId) -> Desktop | None:
        """Atomically move one ready, ownerless desktop without an assignment to ``reserved``, from a random
        start; None when there is none. Never gives one desktop to two callers."""
        ...


class SessionTx(Protocol):
    async def get_assignment_of(
        self, tenant_id: TenantId, pool_id: PoolId, user_id: UserId
    ) -> Assignment | None:
        """The unreleased one."""
        ...

    async def get_assignment_on(self, tenant_id: TenantId, desktop_id: DesktopId) -> Assignment | None: ...
    async def add_assignment(self, assignment: Assignment) -> bool:
        """False when the seat, or the person in this pool, already has an unreleased one (unique index)."""
        ...

    async def release_assignment(self, assignment: Assignment, reason: EndReason) -> bool:
        """True for exactly one caller."""
        ...

    async def list_assignments(
        self, tenant_id: TenantId, pool_id: PoolId | None = None
    ) -> list[Assignment]: ...
    async def get_session(self, tenant_id: TenantId, session_id: SessionId) -> Session | None: ...

    async def get_live_session_of(
        self, tenant_id: TenantId, pool_id: PoolId, user_id: UserId
    ) -> Session | None: ...
    async def get_live_session_on(self, tenant_id: TenantId, desktop_id: DesktopId) -> Session | None: ...
    async def list_sessions(
        self,
        tenant_id: TenantId,
        *,
        live_only: bool = True,
        user_id: UserId | None = None,
        pool_id: PoolId | None = None,
        limit: int = 500,
    ) -> list[Session]:
        """Newest first."""
        ...

    async def list_queue(self, tenant_id: TenantId, pool_id: PoolId) -> list[Session]:
        """Queued sessions, the one that waited longest first."""
        ...

    async def add_session(self, session: Session) -> bool:
        """False when the person already has a live session in this pool (unique index)."""
        ...

    async def swap_session(self, before: Session, after: Session) -> Session | None:
        """Compare-and-swap on ``version``, as :meth:`PoolTx.swap_desktop`."""
        ...

    async def add_ticket(self, ticket: Ticket) -> None: ...
    async def get_ticket(self, token_hash: bytes) -> Ticket | None: ...

    async def redeem_ticket(self, token_hash: bytes) -> bool:
        """Mark used, if unused and unexpired by the database's clock; True for exactly one caller."""
        ...

    async def add_attachment(self, attachment: Attachment) -> None: ...
    async def get_attachment(self, attachment_id: AttachmentId) -> Attachment | None: ...
    async def update_attachment(self, attachment: Attachment) -> None: ...
    async def list_open_attachments(
        self, *, session_id: SessionId | None = None, gateway_id: GatewayId | None = None
    ) -> list[Attachment]: ...

    async def get_last_event(self, gateway_id: GatewayId, epoch: str) -> int: ...
    async def put_last_event(self, gateway_id: GatewayId, epoch: str, number: int) -> None: ...


class Transaction(Protocol):
    """One database transaction. ``now`` is the database's clock at its beginning: it decides expiries."""

    @property
    def now(self) -> datetime: ...
    @property
    def people(self) -> PeopleTx: ...
    @property
    def signin(self) -> SigninTx: ...
    @property
    def pools(self) -> PoolTx: ...
    @property
    def sessions(self) -> SessionTx: ...
    @property
    def audit(self) -> AuditTx: ...


class Store(Protocol):
    """``read`` sees a consistent state; ``write`` commits at the end of its block and rolls back on an exception.

    Never await the network inside a block. Raises :class:`broker.errors.StoreUnavailable`.
    """

    def read(self) -> AbstractAsyncContextManager[Transaction]: ...
    def write(self) -> AbstractAsyncContextManager[Transaction]: ...


# --- who somebody is ------------------------------------------------------------------------------


class DirectoryPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the directory shows them, names exactly as stored there."""

    login: str
    display_name: str
    department: str
    groups: frozenset[str]
    roles: frozenset[Role]


class PasswordAccepted(msgspec.Struct, frozen=True):
    person: DirectoryPerson


class PasswordRejected(msgspec.Struct, frozen=True):
    cause: SigninRefusal


class DirectoryUnavailable(msgspec.Struct, frozen=True):
    """No server of the directory gave an answer; ``detail`` is for the IT desk and the audit."""

    detail: str


class Authenticator(Protocol):
    """Checks a password. This is not yet 'signed in': policy decides what it is worth."""

    async def verify(
        self, login: str, password: Secret
    ) -> PasswordAccepted | PasswordRejected | DirectoryUnavailable: ...


class FactorAccepted(msgspec.Struct, frozen=True):
    """``step`` is the time step that matched; the caller stores it by compare-and-swap before it counts."""

    step: int


class FactorRejected(msgspec.Struct, frozen=True):
    """``drift_steps`` tells how far the clock of the app seems to be off, where that is known."""

    drift_steps: int | None = None


class SecondFactor(Protocol):
    """A one-time code by a shared secret. Pure: it neither stores nor remembers."""

    def new_secret(self) -> Secret: ...
    def provisioning_uri(self, secret: Secret, *, account: str, issuer: str) -> str: ...
    def verify(self, secret: Secret, code: str, *, now: datetime) -> FactorAccepted | FactorRejected: ...


# --- desktops -------------------------------------------------------------------------------------


class StartOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``home_key`` names data that outlives the desktop (persistent); None asks for a fresh one."""

    pool: Pool
    zone: Zone
    desktop: Desktop
    credential: Mapping[str, Secret]
    home_key: str | None


class DesktopUp(msgspec.Struct, frozen=True):
    """``agent_id`` is the agent that holds the desktop, for providers that have agents: it goes into the row."""

    endpoint: Endpoint
    agent_id: AgentId | None = None


class ProviderFailure(msgspec.Struct, frozen=True):
    """The provider could not do it; ``fault`` is in plain words for the IT desk. ``is_transient``: ask again later."""

    fault: str
    is_transient: bool = True


class DesktopDown(msgspec.Struct, frozen=True):
    pass


class Observation(msgspec.Struct, frozen=True):
    """Desktops that the provider has running right now, by id."""

    running: frozenset[DesktopId]


@runtime_checkable
class DesktopProvider(Protocol):
    """The core of a provider: observe, start, stop. All three are idempotent and may be asked again after a crash.

    No method may take longer than its own deadline; a hung provider costs only its own pools.
    """

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure: ...
    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure: ...
    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure: ...


@runtime_checkable
class LogsOff(Protocol):
    """Capability: ends the person's work on the desktop and leaves nothing of it (of a fresh home) behind."""

    async def log_off(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure: ...


@runtime_checkable
class MakesCredentials(Protocol):
    """Capability: makes the credential that a desktop will be started with."""

    def new_credential(self, pool: Pool, desktop_id: DesktopId) -> Mapping[str, Secret]: ...


# --- gateways -------------------------------------------------------------------------------------


class TunnelControl(Protocol):
    """Tells whichever gateway holds an attachment to end it. Best effort: heartbeats repeat what was missed."""

    async def terminate(self, attachment: Attachment, reason: EndReason) -> None: ...
