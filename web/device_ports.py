"""What the pages and the API ask of devices."""

from typing import Protocol

from broker.device.records import (
    Authority,
    DeviceDetails,
    DeviceRefused,
    DeviceRow,
    EnrolOrder,
    ExpiryWarning,
    Issued,
    NoSuchDevice,
    RenewOrder,
    Revoked,
)
from broker.model.actor import Actor
from broker.model.ids import DeviceId, TenantId
from broker.policy.administration import NotAllowed


class DevicesPort(Protocol):
    async def search(self, actor: Actor, text: str) -> list[DeviceRow] | NotAllowed: ...
    async def details(self, actor: Actor, device_id: DeviceId) -> DeviceDetails | NoSuchDevice | NotAllowed: ...
    async def enrol(self, actor: Actor, order: EnrolOrder) -> Issued | DeviceRefused | NotAllowed: ...
    async def renew(
        self, actor: Actor, device_id: DeviceId, order: RenewOrder
    ) -> Issued | DeviceRefused | NoSuchDevice | NotAllowed: ...
    async def revoke(
        self, actor: Actor, device_id: DeviceId, reason: str
    ) -> Revoked | DeviceRefused | NoSuchDevice | NotAllowed: ...
    async def export_authority(self, actor: Actor) -> Authority | NotAllowed: ...
    async def warnings_for(
        self, tenant_id: TenantId, login: str, device_id: DeviceId | None
    ) -> list[ExpiryWarning]: ...
