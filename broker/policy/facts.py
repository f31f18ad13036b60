"""What policy decides on. A fact that is not known is ``None``, and ``None`` denies."""

from datetime import datetime

import msgspec

from broker.model.grants import Grants
from broker.model.ids import PoolId, TenantId, UserId, ZoneId
from broker.model.kinds import Mode, Origin, Role


class PrincipalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-in person. ``second_factor`` names the factor that this web session passed."""

    tenant_id: TenantId
    user_id: UserId
    groups: frozenset[str]
    roles: frozenset[Role]
    is_locked: bool
    second_factor: str | None


class PoolFacts(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    pool_id: PoolId
    zone_id: ZoneId
    entitled_groups: frozenset[str]
    origins: frozenset[Origin]
    is_open: bool
    grants: Grants


class OpenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the opening of one pool depends on, as it was at ``now``."""

    version: int = 1
    principal: PrincipalFacts | None
    pool: PoolFacts
    origin: Origin | None
    mode: Mode | None
    now: datetime
