"""People, pools and zones of a small city for the tests of the portal."""

from datetime import UTC, datetime, timedelta

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.grants import Grants
from broker.model.ids import AssignmentId, DesktopId, PoolId, SessionId, TenantId, UserId, ZoneId
from broker.model.kinds import DesktopProtocol, Origin, PoolKind, Role
from broker.model.records import AuditRecord, Desktop, Pool, Session, Tenant, User, Zone

NOW = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
TENANT_ID = TenantId("sekibe")
TENANT = Tenant(id=TENANT_ID, name_ja="関部市", name_en="Sekibe City", hostnames=frozenset({"localhost", "127.0.0.1"}))
LGWAN = Zone(tenant_id=TENANT_ID, id=ZoneId("lgwan"), name_ja="LGWAN接続系", name_en="LGWAN zone")
RESIDENT = Zone(tenant_id=TENANT_ID, id=ZoneId("resident"), name_ja="マイナンバー利用事務系", name_en="Resident zone")


def make_user(login: str, name: str, department: str, *roles: Role, groups: str = "vdi-lgwan") -> User:
    return User(
        tenant_id=TENANT_ID,
        id=UserId(f"u-{login}"),
        login=login,
        display_name=name,
        department=department,
        groups=frozenset(groups.split()),
        roles=frozenset(roles),
        is_enrolled=True,
        last_signed_in_at=NOW - timedelta(days=3),
    )


STAFF = make_user("p1001", "神谷 𠮷子", "市民課")
DESK = make_user("p9001", "葛󠄀城 健", "情報政策課", Role.TENANT_ADMIN)
SECOND = make_user("p9003", "髙梨 環", "総務課", Role.SYSTEM_ADMIN)
AUDITOR = make_user("p9002", "監査 公子", "監査委員事務局", Role.AUDITOR)
NEWCOMER = make_user("p2001", "新田 一郎", "税務課")


def make_pool(pool_id: str, ja: str, en: str, zone: Zone, kind: PoolKind, protocol: DesktopProtocol) -> Pool:
    return Pool(
        tenant_id=TENANT_ID,
        id=PoolId(pool_id),
        zone_id=zone.id,
        name_ja=ja,
        name_en=en,
        kind=kind,
        provider="local" if protocol is DesktopProtocol.VNC else "static",
        protocol=protocol,
        entitled_groups=frozenset({"vdi-lgwan"}),
        origins=frozenset({Origin.OFFICE}),
        grants=Grants(),
        target_ready=2,
        max_size=8,
    )


POOLS = (
    (make_pool("lgwan-std", "LGWAN 標準", "LGWAN standard", LGWAN, PoolKind.FLOATING, DesktopProtocol.VNC), LGWAN),
    (make_pool("lgwan-own", "LGWAN 専用", "LGWAN personal", LGWAN, PoolKind.PERSISTENT, DesktopProtocol.VNC), LGWAN),
    (make_pool("juki", "住民情報", "Resident records", RESIDENT, PoolKind.FLOATING, DesktopProtocol.RDP), RESIDENT),
)


def make_session(pool: Pool, user: User, state: SessionState = SessionState.DISCONNECTED) -> Session:
    return Session(
        tenant_id=TENANT_ID,
        id=SessionId(f"s-{pool.id}-{user.login}"),
        pool_id=pool.id,
        user_id=user.id,
        assignment_id=AssignmentId("a-1"),
        desktop_id=DesktopId("d-1"),
        state=state,
        version=1,
        origin=Origin.OFFICE,
        grants=pool.grants,
        created_at=NOW - timedelta(minutes=20),
        state_since=NOW - timedelta(minutes=5),
        started_at=NOW - timedelta(minutes=19),
    )


def make_desktop(pool: Pool, number: int, state: DesktopState, fault: str | None = None) -> Desktop:
    return Desktop(
        tenant_id=TENANT_ID,
        id=DesktopId(f"d-{pool.id}-{number}"),
        pool_id=pool.id,
        name=f"{pool.id}-{number:02}",
        state=state,
        version=1,
        fault=fault,
        state_since=NOW - timedelta(hours=1),
    )


def make_record(number: int, event: str, **detail: str) -> AuditRecord:
    return AuditRecord(
        tenant_id=TENANT_ID,
        id=number,
        at=NOW + timedelta(seconds=number),
        event=event,
        version=1,
        actor=f"user:{STAFF.id}",
        subject="session:s-1",
        outcome="refused" if "denied" in event or "refused" in event else "ok",
        address="192.0.2.10",
        detail=detail,
        seq=number if number % 5 else None,
    )
