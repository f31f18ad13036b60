"""Rows of pools and desktops for tests of providers."""

from datetime import UTC, datetime

from broker.lifecycle.desktop import DesktopState
from broker.model.grants import Grants
from broker.model.ids import DesktopId, PoolId, TenantId, ZoneId
from broker.model.kinds import DesktopProtocol, Origin, PoolKind
from broker.model.records import Desktop, Endpoint, Pool, Zone

TENANT = TenantId("t1")
ZONE = Zone(tenant_id=TENANT, id=ZoneId("lgwan"), name_ja="LGWAN接続系", name_en="LGWAN")


def pool(provider: str, protocol: DesktopProtocol = DesktopProtocol.VNC, kind: PoolKind = PoolKind.FLOATING) -> Pool:
    return Pool(
        tenant_id=TENANT,
        id=PoolId("p1"),
        zone_id=ZONE.id,
        name_ja="窓口",
        name_en="Counter",
        kind=kind,
        provider=provider,
        protocol=protocol,
        entitled_groups=frozenset(),
        origins=frozenset({Origin.OFFICE}),
        grants=Grants(),
    )


def desktop(name: str, endpoint: Endpoint | None = None) -> Desktop:
    """As the books have it before its first start."""
    return Desktop(
        tenant_id=TENANT,
        id=DesktopId(name),
        pool_id=PoolId("p1"),
        name=f"窓口-{name}",
        state=DesktopState.ABSENT,
        version=1,
        endpoint=endpoint,
        state_since=datetime(2026, 4, 1, tzinfo=UTC),
    )
