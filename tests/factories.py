"""Records with sensible fields, each changed where a test cares."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.lifecycle.session import SessionState
from broker.model.actor import Actor
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
)
from broker.model.kinds import CertificateState, DesktopProtocol, DeviceKind, Mode, Origin, PoolKind, Role, Segment
from broker.model.place import Place
from broker.model.records import (
    Assignment,
    Attachment,
    Desktop,
    Endpoint,
    Pool,
    Session,
    Tenant,
    User,
    WebSession,
    Zone,
)
from broker.model.rules import TenantRules
from broker.policy.baseline_profile import shipped_baseline
from broker.policy.facts import OpenFacts, PoolFacts, PrincipalFacts, UsageFacts
from broker.policy.rulebook import OpenRules, rules_for
from broker.secret import hash_token

CITY: Final = TenantId("minato")
LGWAN: Final = ZoneId("lgwan")
RESIDENT: Final = ZoneId("resident")
SHARED: Final = PoolId("lgwan-shared")
OWN: Final = PoolId("resident-own")
HOSTS: Final = PoolId("lgwan-hosts")
GATEWAY: Final = GatewayId("gw-office")
STAFF: Final = "telework-users"
MORNING: Final = datetime(2026, 4, 1, 8, 15, tzinfo=UTC)


def a_tenant() -> Tenant:
    return Tenant(
        id=CITY,
        name_ja="港市",
        name_en="Minato City",
        hostnames=frozenset({"desk.minato.test"}),
        rules=TenantRules(baseline=shipped_baseline()),
    )


def a_zone(zone_id: ZoneId = LGWAN) -> Zone:
    return Zone(tenant_id=CITY, id=zone_id, name_ja="LGWAN接続系", name_en="LGWAN", max_unsupervised_s=900)


def a_pool(pool_id: PoolId = SHARED, kind: PoolKind = PoolKind.FLOATING) -> Pool:
    """A floating VNC pool with three desktops at most, one of them kept ready."""
    return Pool(
        tenant_id=CITY,
        id=pool_id,
        zone_id=LGWAN,
        name_ja="共有デスクトップ",
        name_en="Shared desktops",
        kind=kind,
        provider="local",
        protocol=DesktopProtocol.VNC,
        entitled_groups=frozenset({STAFF}),
        origins=frozenset({Origin.OFFICE}),
        grants=Grants(),
        target_ready=1 if kind is PoolKind.FLOATING else 0,
        max_size=3,
    )


def a_host_pool(pool_id: PoolId = HOSTS) -> Pool:
    """A floating RDP pool of registered hosts."""
    return msgspec.structs.replace(
        a_pool(pool_id), provider="static", protocol=DesktopProtocol.RDP, target_ready=0, settle_s=20
    )


def a_user(number: int = 1) -> User:
    return User(
        tenant_id=CITY,
        id=UserId(f"user-{number}"),
        login=f"staff{number:03}",
        display_name=f"髙橋 {number}子",
        department="市民課",
        groups=frozenset({STAFF}),
        roles=frozenset(),
    )


def an_actor(*roles: Role) -> Actor:
    return Actor(tenant_id=CITY, name="user:desk", roles=frozenset(roles), address="192.0.2.9")


def token_of(number: int) -> str:
    return f"web-token-{number}"


def tunnel_of(number: int) -> str:
    return f"tunnel-cookie-{number}"


def a_web_session(number: int = 1, *, now: datetime = MORNING) -> WebSession:
    return WebSession(
        token_hash=hash_token(token_of(number)),
        tenant_id=CITY,
        user_id=UserId(f"user-{number}"),
        csrf_token="csrf",
        tunnel_hash=hash_token(tunnel_of(number)),
        factor="totp",
        origin=Origin.OFFICE,
        address=f"192.0.2.{number % 250}",
        user_agent="Chromium",
        entrance="portal",
        created_at=now,
        factor_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=10),
        segment=Segment.WIRED,
        device=DeviceKind.MANAGED,
    )


def a_desktop(
    state: DesktopState = DesktopState.READY, number: int = 1, *, since: datetime = MORNING, pool_id: PoolId = SHARED
) -> Desktop:
    return Desktop(
        tenant_id=CITY,
        id=DesktopId(f"desktop-{number}"),
        pool_id=pool_id,
        name=f"desktop-{number}",
        state=state,
        version=1,
        endpoint=Endpoint(host=f"/run/desktop-{number}.sock", port=0),
        state_since=since,
    )


def a_session(state: SessionState = SessionState.REQUESTED, *, since: datetime = MORNING) -> Session:
    return Session(
        tenant_id=CITY,
        id=SessionId("session-1"),
        pool_id=SHARED,
        user_id=UserId("user-1"),
        assignment_id=AssignmentId("assignment-1"),
        desktop_id=DesktopId("desktop-1"),
        state=state,
        version=1,
        origin=Origin.OFFICE,
        grants=Grants(),
        created_at=since,
        state_since=since,
        segment=Segment.WIRED,
        device=DeviceKind.MANAGED,
    )


def an_assignment(number: int = 1) -> Assignment:
    return Assignment(
        tenant_id=CITY,
        id=AssignmentId(f"assignment-{number}"),
        pool_id=SHARED,
        desktop_id=DesktopId(f"desktop-{number}"),
        user_id=UserId(f"user-{number}"),
        seat=1,
        created_at=MORNING,
    )


def an_attachment(number: int = 1) -> Attachment:
    return Attachment(
        tenant_id=CITY,
        id=AttachmentId(f"attachment-{number}"),
        session_id=SessionId("session-1"),
        gateway_id=GATEWAY,
        address="192.0.2.1",
        redeemed_at=MORNING,
    )


OFFICE_DESK: Final = Place(origin=Origin.OFFICE, segment=Segment.WIRED, device=DeviceKind.MANAGED)
AT_HOME: Final = Place(
    origin=Origin.INTERNET,
    segment=Segment.UNKNOWN,
    device=DeviceKind.MANAGED,
    certificate=CertificateState.VALID,
)


def open_facts() -> OpenFacts:
    """Facts of somebody who may open the pool of :func:`open_rules`."""
    return OpenFacts(
        principal=PrincipalFacts(
            tenant_id=CITY,
            user_id=UserId("user-1"),
            groups=frozenset({STAFF}),
            roles=frozenset(),
            is_locked=False,
            second_factor="totp",
            factor_at=MORNING - timedelta(minutes=5),
            telework_until=None,
        ),
        pool=PoolFacts(tenant_id=CITY, pool_id=SHARED, zone_id=LGWAN, is_open=True),
        place=OFFICE_DESK,
        usage=UsageFacts(live_before=0, remote_days=frozenset()),
        mode=Mode.NORMAL,
        now=MORNING,
    )


def open_rules(pool: Pool | None = None, tenant: Tenant | None = None, zone: Zone | None = None) -> OpenRules:
    """Rules of a shared pool in the LGWAN zone, which asks for no more than the shipped baseline."""
    everywhere = msgspec.structs.replace(a_pool(), origins=frozenset(Origin))
    rules = rules_for(tenant or a_tenant(), zone or a_zone(), pool or everywhere)
    assert rules is not None
    return rules
