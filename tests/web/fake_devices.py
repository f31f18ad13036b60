"""A fake of the desk's devices: keeps what it is told, with a certificate in name only."""

from datetime import timedelta

from msgspec.structs import replace

from broker.device.records import (
    Authority,
    DeviceDetails,
    DeviceRefusal,
    DeviceRefused,
    DeviceRow,
    EnrolOrder,
    ExpiryWarning,
    Issued,
    KeyFile,
    NoSuchDevice,
    RenewOrder,
    Revoked,
)
from broker.device.rules import refuse_order, row_of
from broker.model.actor import Actor
from broker.model.devices import Device, DeviceCertificate
from broker.model.ids import DeviceId, TenantId
from broker.model.kinds import DeviceKind
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.secret import Secret
from tests.web.people import NOW, STAFF, TENANT_ID

PASSWORD = "abcdef-ghijkl-mnopqr-stuvwx"


def make_device(name: str, days: int = 300, **changes: object) -> Device:
    device = Device(
        tenant_id=TENANT_ID,
        id=DeviceId(f"dev-{name.lower()}"),
        name=name,
        kind=DeviceKind.MANAGED,
        owner=STAFF.login,
        sim_line="090-1234-5678",
        enrolled_at=NOW - timedelta(days=60),
        enrolled_by="user:u-p9001",
        expires_at=NOW + timedelta(days=days, hours=1),
        last_seen_at=NOW - timedelta(hours=2),
        last_address="10.1.2.3",
    )
    return replace(device, **changes)


class ShelfOfDevices:
    """``told`` are warnings for whoever looks at the portal."""

    def __init__(self) -> None:
        self.kept: dict[DeviceId, Device] = {}
        self.orders: list[EnrolOrder] = []
        self.told: list[ExpiryWarning] = []

    def put(self, *devices: Device) -> None:
        self.kept |= {device.id: device for device in devices}

    async def search(self, actor: Actor, text: str) -> list[DeviceRow] | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_DEVICES):
            return refusal
        return [row_of(device, NOW) for device in self.kept.values() if text in device.name]

    async def details(self, actor: Actor, device_id: DeviceId) -> DeviceDetails | NoSuchDevice | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_DEVICES):
            return refusal
        device = self.kept.get(device_id)
        if device is None:
            return NoSuchDevice()
        certificate = DeviceCertificate(
            tenant_id=TENANT_ID,
            serial="5a11ce0ffee",
            device_id=device_id,
            fingerprint=bytes(32),
            not_before=device.enrolled_at,
            not_after=device.expires_at,
            issued_by=device.enrolled_by,
            revoked_at=device.revoked_at,
        )
        owner_name = STAFF.display_name if device.owner == STAFF.login else None
        return DeviceDetails(row=row_of(device, NOW), certificates=[certificate], owner_name=owner_name)

    async def enrol(self, actor: Actor, order: EnrolOrder) -> Issued | DeviceRefused | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        if why := refuse_order(order):
            return DeviceRefused(why)
        if any(device.name == order.name for device in self.kept.values()):
            return DeviceRefused(DeviceRefusal.NAME_TAKEN)
        self.orders.append(order)
        device = make_device(
            order.name, kind=order.kind, owner=order.owner or None, sim_line=order.sim_line, last_seen_at=None
        )
        self.put(device)
        return _issued(device, order.request)

    async def renew(
        self, actor: Actor, device_id: DeviceId, order: RenewOrder
    ) -> Issued | DeviceRefused | NoSuchDevice | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        device = self.kept.get(device_id)
        if device is None:
            return NoSuchDevice()
        if device.revoked_at is not None:
            return DeviceRefused(DeviceRefusal.ALREADY_REVOKED)
        return _issued(device, order.request)

    async def revoke(
        self, actor: Actor, device_id: DeviceId, reason: str
    ) -> Revoked | DeviceRefused | NoSuchDevice | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        device = self.kept.get(device_id)
        if device is None:
            return NoSuchDevice()
        if device.revoked_at is not None:
            return DeviceRefused(DeviceRefusal.ALREADY_REVOKED)
        revoked = replace(device, revoked_at=NOW, revoke_reason=reason)
        self.put(revoked)
        return Revoked(device=revoked, web_sessions=1)

    async def export_authority(self, actor: Actor) -> Authority | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        return Authority(certificate_pem="-----BEGIN CERTIFICATE-----\n", not_after=NOW + timedelta(days=3650))

    async def warnings_for(self, _tenant_id: TenantId, _login: str, _device_id: DeviceId | None) -> list[ExpiryWarning]:
        return self.told


def _issued(device: Device, request: str) -> Issued:
    key_file = KeyFile(content=b"PKCS#12 in name only", password=Secret(PASSWORD))
    return Issued(
        device=device,
        serial="5a11ce0ffee",
        not_after=device.expires_at,
        certificate_pem="-----BEGIN CERTIFICATE-----\n",
        key_file=None if request else key_file,
    )
