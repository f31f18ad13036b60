"""What everybody reads at the top of a page while the tenant is not in its normal mode. Pure."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.kinds import Mode
from broker.model.records import Tenant
from web.language import gettext_noop as _

_TEXTS: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.BCP: _("業務継続（災害時）モードで運用しています。"),
        Mode.DEGRADED: _("縮退運転中です。優先業務のデスクトッププールだけを利用できます。"),
        Mode.MAINTENANCE: _("メンテナンス中です。仮想デスクトップには接続できません。"),
    }
)
_DRILLS: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.BCP: _("業務継続（災害時）への切替えの訓練中です。接続できるかどうかは変わりません。"),
        Mode.DEGRADED: _("縮退運転への切替えの訓練中です。接続できるかどうかは変わりません。"),
        Mode.MAINTENANCE: _("メンテナンスへの切替えの訓練中です。接続できるかどうかは変わりません。"),
    }
)


class Banner(msgspec.Struct, frozen=True):
    """``text`` is a message id; ``until`` is when it ends by itself."""

    text: str
    until: datetime | None


def banner_of(tenant: Tenant, now: datetime) -> Banner | None:
    """``None`` in normal mode, also when another one has come to its end."""
    is_over = tenant.mode_until is not None and now >= tenant.mode_until
    if tenant.mode is Mode.NORMAL or is_over:
        return None
    return Banner((_DRILLS if tenant.mode_is_drill else _TEXTS)[tenant.mode], tenant.mode_until)
