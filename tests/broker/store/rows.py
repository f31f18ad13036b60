"""A small city to put into a store, and its records one by one."""

from datetime import UTC, datetime, timedelta
from typing import Final

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.enrolment import TotpEnrolment
from broker.model.grants import Grants
from broker.model.ids import (
    AssignmentId,
    AttachmentId,
    DesktopId,
    GatewayId,
    PoolId,
    SessionId,
    TenantId,
    UserId,
    ZoneId,
    new_id,
)
from broker.model.kinds import DesktopProtocol, Origin, PoolKind, Role
from broker.model.records import (
    Assignment,
    Attachment,
    Desktop,
    Pool,
    Session,
    Tenant,
    User,
    WebSession,
    Zone,
)
from broker.model.ticket import Ticket
from broker.ports import Transaction
from broker.secret import Sealed, hash_token
from broker.store import SqlStore

CITY: Final = TenantId("aoba")
TOWN: Final = TenantId("midori")
LGWAN: Final = ZoneId("lgwan")
OFFICE: Final = PoolId("office")
SOMEBODY: Final = UserId("user-1")
THEN: Final = datetime(2026, 4, 1, 8, 30, 0, 123456, tzinfo=UTC)


def a_tenant(tenant_id: TenantId = CITY, **changes: object) -> Tenant:
    fields = {
        "id": tenant_id,
        "name_ja": "青葉市",
        "name_en": "Aoba",
        "hostnames": frozenset({f"{tenant_id}.example"}),
    }
    return Tenant(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def a_user(number: int = 1, tenant_id: TenantId = CITY, **changes: object) -> User:
    fields = {
        "tenant_id": tenant_id,
        "id": UserId(f"user-{number}"),
        "login": f"staff{number:03}",
        "display_name": f"髙橋 {number}",
        "department": "情報政策課",
        "groups": frozenset({"職員", "情報政策課"}),
        "roles": frozenset[Role](),
    }
    return User(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def a_pool(pool_id: PoolId = OFFICE, tenant_id: TenantId = CITY, **changes: object) -> Pool:
    fields = {
        "tenant_id": tenant_id,
        "id": pool_id,
        "zone_id": LGWAN,
        "name_ja": "共用デスクトップ",
        "name_en": "Shared",
        "kind": PoolKind.FLOATING,
        "provider": "local",
        "protocol": DesktopProtocol.VNC,
        "entitled_groups": frozenset({"職員"}),
        "origins": frozenset({Origin.OFFICE, Origin.SATELLITE}),
        "grants": Grants(watermark_text="{name}", ends_at=THEN),
        "parameters": {"server-layout": "ja-jp-qwerty"},
    }
    return Pool(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def a_desktop(number: int = 1, pool_id: PoolId = OFFICE, tenant_id: TenantId = CITY, **changes: object) -> Desktop:
    fields = {
        "tenant_id": tenant_id,
        "id": DesktopId(f"desktop-{number}"),
        "pool_id": pool_id,
        "name": f"PC-{number:03}",
        "state": DesktopState.READY,
        "version": 1,
        "state_since": THEN,
    }
    return Desktop(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def an_assignment(desktop: Desktop, user_id: UserId, **changes: object) -> Assignment:
    fields = {
        "tenant_id": desktop.tenant_id,
        "id": AssignmentId(new_id()),
        "pool_id": desktop.pool_id,
        "desktop_id": desktop.id,
        "user_id": user_id,
        "seat": 1,
        "created_at": THEN,
    }
    return Assignment(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def a_session(number: int = 1, user_id: UserId = SOMEBODY, **changes: object) -> Session:
    fields = {
        "tenant_id": CITY,
        "id": SessionId(f"session-{number}"),
        "pool_id": OFFICE,
        "user_id": user_id,
        "assignment_id": None,
        "desktop_id": None,
        "state": SessionState.REQUESTED,
        "version": 1,
        "origin": Origin.OFFICE,
        "grants": Grants(),
        "created_at": THEN + timedelta(seconds=number),
        "state_since": THEN + timedelta(seconds=number),
    }
    return Session(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


def a_ticket(session: Session, token: str, expires_at: datetime) -> Ticket:
    return Ticket(
        token_hash=hash_token(token),
        tenant_id=session.tenant_id,
        session_id=session.id,
        user_id=session.user_id,
        web_session_hash=hash_token("browser"),
        tunnel_hash=hash_token("tunnel"),
        expires_at=expires_at,
    )


def an_attachment(session: Session, number: int = 1, gateway: str = "gw-1") -> Attachment:
    return Attachment(
        tenant_id=session.tenant_id,
        id=AttachmentId(f"attachment-{number}"),
        session_id=session.id,
        gateway_id=GatewayId(gateway),
        address="192.0.2.7",
        redeemed_at=THEN + timedelta(seconds=number),
    )


def an_enrolment(user: User) -> TotpEnrolment:
    return TotpEnrolment(
        tenant_id=user.tenant_id, user_id=user.id, secret=Sealed(b"sealed"), last_step=0, confirmed_at=THEN
    )


def a_web_session(token: str, now: datetime, user: User | None = None) -> WebSession:
    person = user or a_user()
    return WebSession(
        token_hash=hash_token(token),
        tenant_id=person.tenant_id,
        user_id=person.id,
        csrf_token="csrf",
        tunnel_hash=hash_token("tunnel"),
        factor="totp",
        origin=Origin.OFFICE,
        address="192.0.2.7",
        user_agent="Chromium",
        entrance="portal",
        created_at=now,
        factor_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=10),
    )


async def put_city(tx: Transaction, *, users: int = 3, tenant_id: TenantId = CITY) -> None:
    """A tenant with a zone, a pool and some staff."""
    await tx.people.put_tenant(a_tenant(tenant_id))
    zone = Zone(tenant_id=tenant_id, id=LGWAN, name_ja="LGWAN接続系", name_en="LGWAN", max_unsupervised_s=600)
    await tx.pools.put_zone(zone)
    await tx.pools.put_pool(a_pool(tenant_id=tenant_id))
    for number in range(1, users + 1):
        await tx.people.put_user(a_user(number, tenant_id))


async def fill(store: SqlStore, *, users: int = 3, desktops: int = 0) -> None:
    """The city, with some desktops that are ready."""
    async with store.write() as tx:
        await put_city(tx, users=users)
        for number in range(1, desktops + 1):
            await tx.pools.add_desktop(a_desktop(number))
