"""Settings of a pool."""

import msgspec

from broker.model.grants import Grants
from broker.model.kinds import DesktopProtocol, Origin, PoolApplication, PoolKind
from broker.model.rules import Restrictions
from broker.model.watermark_settings import PoolWatermarkSettings


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class StaticDesktopSettings(_Settings, frozen=True, kw_only=True):
    """A registered host. The account on it is sealed into the database at start."""

    name: str
    host: str
    port: int
    username: str = ""
    password_file: str = ""


class PoolSettings(_Settings, frozen=True, kw_only=True):
    id: str
    zone: str
    name_ja: str
    name_en: str
    kind: PoolKind
    provider: str
    protocol: DesktopProtocol
    entitled_groups: list[str]
    origins: tuple[Origin, ...] = (Origin.OFFICE,)
    grants: Grants = msgspec.field(default_factory=Grants)
    watermark: PoolWatermarkSettings = msgspec.field(default_factory=PoolWatermarkSettings)
    target_ready: int = 0
    max_size: int = 1
    disconnect_limit_s: int = 3600
    settle_s: int = 0
    guacd_group: str = ""
    """Group of guacd addresses that gateways serve this pool by; empty: the zone's id."""
    parameters: dict[str, str] = {}
    """Further guacd arguments by name (for instance ``server-layout``)."""
    desktops: list[StaticDesktopSettings] = []
    restrictions: Restrictions = msgspec.field(default_factory=Restrictions)
    """Further rules of this pool."""
    is_priority: bool = False
    """Stays open in degraded mode (縮退運転)."""
    application: PoolApplication = PoolApplication.DESKTOP
    """``browser``: a virtual browser (仮想ブラウザー). In a zone of the kind ``internet_zone``, ``floating``, on the
    provider ``local`` and by ``vnc``."""
    allowed_destinations: list[str] = []
    """What a virtual browser may reach: ``www.example.lg.jp``, ``*.example.lg.jp``, ``https://host:8443``. Without a
    scheme http and https, without a port 80 and 443."""
    homepage: str = ""
    """First page of a virtual browser, among its destinations; empty: a page that lists them."""
