"""The text of the watermark for one attachment, from the books as they are now."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from broker.model.devices import Device
from broker.model.grants import Grants
from broker.model.kinds import DeviceKind, Origin
from broker.model.records import Pool, Tenant, User, WebSession
from broker.model.watermark import Field, TemplateRefused, fill_template

_DEVICES: Final[Mapping[DeviceKind, str]] = MappingProxyType(
    {DeviceKind.MANAGED: "貸与端末", DeviceKind.BYOD: "私物端末", DeviceKind.NONE: "端末未登録"}
)
"""Where no certificate names the device: as the entrance vouches for it. What a browser says is not shown."""

_ORIGINS: Final[Mapping[Origin, str]] = MappingProxyType(
    {
        Origin.OFFICE: "庁内",
        Origin.CLOSED_SIM: "閉域SIM",
        Origin.SATELLITE: "サテライト",
        Origin.INTERNET: "自宅",
    }
)


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Who will see the picture, at what and from where. ``device`` is known by its certificate; ``address`` is the
    browser's as its gateway sees it."""

    tenant: Tenant | None
    user: User | None
    web: WebSession
    device: Device | None
    address: str


def mark_grants(grants: Grants, pool: Pool, bearer: Bearer, now: datetime) -> Grants | TemplateRefused:
    """The grants with the template replaced by the text to be drawn, if a watermark is demanded at all."""
    if grants.watermark_text is None:
        return grants
    tenant, user = bearer.tenant, bearer.user
    if tenant is None or user is None:
        return TemplateRefused("it is not known whose picture this is")
    values = {
        Field.NAME: user.display_name,
        Field.LOGIN: user.login,
        Field.DEPARTMENT: user.department,
        Field.DEVICE: bearer.device.name if bearer.device else _DEVICES[bearer.web.device],
        Field.ADDRESS: bearer.address,
        Field.ORIGIN: _ORIGINS.get(bearer.web.origin, bearer.web.origin.value),
        Field.POOL: pool.name_ja,
        Field.TIME: now.astimezone(ZoneInfo(tenant.time_zone)).strftime("%Y-%m-%d %H:%M"),
    }
    text = fill_template(grants.watermark_text, values)
    if isinstance(text, TemplateRefused):
        return text
    return msgspec.structs.replace(grants, watermark_text=text)
