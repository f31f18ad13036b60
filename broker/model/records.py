"""Rows as frozen data. Services decide on these; the store makes them and never hands out anything livelier."""

from datetime import datetime

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.grants import Grants
from broker.model.ids import (
    AgentId,
    AssignmentId,
    AttachmentId,
    DesktopId,
    DeviceId,
    GatewayId,
    PoolId,
    SessionId,
    TenantId,
    UserId,
    ZoneId,
)
from broker.model.kinds import (
    CertificateState,
    DesktopProtocol,
    DeviceKind,
    Mode,
    Origin,
    PoolApplication,
    PoolKind,
    Role,
    Segment,
)
from broker.model.place import Place
from broker.model.reasons import EndReason
from broker.model.rules import Restrictions, TenantRules
from broker.secret import Sealed


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A municipality (団体), whose people reach the portal under ``hostnames``. A mode other than normal ends by
    itself at ``mode_until``; a drill of it changes no decision."""

    id: TenantId
    name_ja: str
    name_en: str
    hostnames: frozenset[str]
    time_zone: str = "Asia/Tokyo"
    mode: Mode = Mode.NORMAL
    mode_until: datetime | None = None
    mode_is_drill: bool = False
    rules: TenantRules = TenantRules()


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A network that is kept apart. A session of it ends by itself when no broker was heard of for so long.
    ``baseline_kind`` names the rules of the baseline that hold in it; empty: those of the zone's own id."""

    tenant_id: TenantId
    id: ZoneId
    name_ja: str
    name_en: str
    max_unsupervised_s: int = 3600
    baseline_kind: str = ""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person of a tenant, as the directory showed them at the last sign-in. Names are kept exactly."""

    tenant_id: TenantId
    id: UserId
    login: str
    display_name: str
    department: str
    groups: frozenset[str]
    roles: frozenset[Role]
    heads: frozenset[str] = frozenset()
    """Departments that they are head of (所属長)."""
    manager: str = ""
    """The login of their own head; empty where the directory does not tell it."""
    is_locked: bool = False
    is_enrolled: bool = False
    last_signed_in_at: datetime | None = None
    left_at: datetime | None = None
    """Since when the directory no longer knows the account as one that may sign in; a later sign-in clears it."""

    @property
    def is_shut_out(self) -> bool:
        return self.is_locked or self.left_at is not None


class PendingSignin(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in between its password step and its code step; known by the hash of its cookie. ``password_refusal``
    keeps the cause when the password did not pass: the code step follows all the same, so that a stranger learns
    nothing from it. ``may_enrol_anywhere``: a one-time code of the IT desk stands for the office.
    """

    token_hash: bytes
    tenant_id: TenantId
    login: str
    user_id: UserId | None
    password_refusal: str | None
    must_enrol: bool
    enrolment_secret: Sealed | None
    code_failures: int
    address: str
    user_agent: str
    created_at: datetime
    expires_at: datetime
    must_change: bool = False
    """The password passed and has to be changed before anything else."""
    factor: str | None = None
    """The second factor that this sign-in has passed already: all that is missing is another password."""
    password_ends_at: datetime | None = None
    may_enrol_anywhere: bool = False


class WebSession(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser. Only hashes of its cookies are stored; ``csrf_token`` goes into forms. It counts at the
    ``entrance`` where it began, and at the device by whose certificate it began, and nowhere else.

    ``factor_at``: when the person last showed a second factor in it, at the sign-in or since; None: not known.
    """

    token_hash: bytes
    tenant_id: TenantId
    user_id: UserId
    csrf_token: str
    tunnel_hash: bytes
    factor: str
    origin: Origin
    address: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    entrance: str
    segment: Segment = Segment.UNKNOWN
    device: DeviceKind = DeviceKind.NONE
    certificate: CertificateState = CertificateState.ABSENT
    device_id: DeviceId | None = None
    password_ends_at: datetime | None = None
    """When the directory lets the password run out, as it said at this sign-in."""
    factor_at: datetime | None = None

    @property
    def place(self) -> Place:
        return Place(origin=self.origin, segment=self.segment, device=self.device, certificate=self.certificate)


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Desktops of one kind in one zone (デスクトッププール).

    ``target_ready`` spares are kept started; ``max_size`` bounds the number of desktops. ``settle_s`` is how
    long a desktop whose provider cannot log off rests after use, until the host's own limit has ended the old work.
    """

    tenant_id: TenantId
    id: PoolId
    zone_id: ZoneId
    name_ja: str
    name_en: str
    kind: PoolKind
    provider: str
    protocol: DesktopProtocol
    entitled_groups: frozenset[str]
    origins: frozenset[Origin]
    grants: Grants
    target_ready: int = 0
    max_size: int = 1
    disconnect_limit_s: int = 3600
    settle_s: int = 0
    is_open: bool = True
    guacd_group: str = ""
    parameters: dict[str, str] = {}
    restrictions: Restrictions = Restrictions()
    is_priority: bool = False
    application: PoolApplication = PoolApplication.DESKTOP
    allowed_destinations: tuple[str, ...] = ()
    homepage: str = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where guacd finds a desktop. For a local desktop ``host`` is the path of its socket and ``port`` is 0."""

    host: str
    port: int


class Desktop(msgspec.Struct, frozen=True, kw_only=True):
    """One desktop. ``version`` grows with every change: the compare-and-swap of each transition.

    ``owner_id`` is set in a persistent pool. ``credential`` is a sealed JSON object with ``username`` and
    ``password``. ``state_until`` is the time by which the present state must have been left.
    """

    tenant_id: TenantId
    id: DesktopId
    pool_id: PoolId
    name: str
    state: DesktopState
    version: int
    owner_id: UserId | None = None
    agent_id: AgentId | None = None
    endpoint: Endpoint | None = None
    credential: Sealed | None = None
    seats: int = 1
    fault: str | None = None
    failures: int = 0
    state_since: datetime
    state_until: datetime | None = None


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A user has a seat on a desktop, from reservation to release."""

    tenant_id: TenantId
    id: AssignmentId
    pool_id: PoolId
    desktop_id: DesktopId
    user_id: UserId
    seat: int
    created_at: datetime
    released_at: datetime | None = None
    release_reason: EndReason | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A span of work. Without an assignment it waits in the queue of its pool. Its place is that of the last ticket."""

    tenant_id: TenantId
    id: SessionId
    pool_id: PoolId
    user_id: UserId
    assignment_id: AssignmentId | None
    desktop_id: DesktopId | None
    state: SessionState
    version: int
    origin: Origin
    grants: Grants
    created_at: datetime
    state_since: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    segment: Segment = Segment.UNKNOWN
    device: DeviceKind = DeviceKind.NONE
    certificate: CertificateState = CertificateState.ABSENT
    device_id: DeviceId | None = None

    @property
    def place(self) -> Place:
        return Place(origin=self.origin, segment=self.segment, device=self.device, certificate=self.certificate)


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """One WebSocket on one gateway, from the redeemed ticket to its end. Bytes are those of the tunnel.

    ``parked_at``: since then its line is down and the gateway keeps the desktop's connection. ``seat`` is a sealed
    JSON object: where that connection is (:class:`broker.wire.messages.GuacdSeat`).
    """

    tenant_id: TenantId
    id: AttachmentId
    session_id: SessionId
    gateway_id: GatewayId
    address: str
    redeemed_at: datetime
    attached_at: datetime | None = None
    first_frame_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: EndReason | None = None
    bytes_to_browser: int = 0
    bytes_from_browser: int = 0
    parked_at: datetime | None = None
    seat: Sealed | None = None


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit. ``seq``, ``previous_hash`` and ``record_hash`` are set once the sealer has chained it."""

    tenant_id: TenantId
    id: int
    at: datetime
    event: str
    version: int
    actor: str
    subject: str
    outcome: str
    address: str
    detail: dict[str, str]
    seq: int | None = None
    previous_hash: bytes | None = None
    record_hash: bytes | None = None
