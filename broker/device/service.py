"""Devices as the IT desk handles them: enrol, renew, revoke. Every change is stored with its line in the audit."""

from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from broker.device.issuing import authority_of, certify, hand_over
from broker.device.keys import choose_key
from broker.device.records import (
    Authority,
    DeviceDetails,
    DeviceRefusal,
    DeviceRefused,
    DeviceRow,
    EnrolOrder,
    ExpiryWarning,
    Issued,
    NoSuchDevice,
    RenewOrder,
    Revoked,
)
from broker.device.rules import refuse_order, row_of, warning_step
from broker.device.trail import entry
from broker.model.actor import Actor
from broker.model.devices import Device
from broker.model.ids import DeviceId, TenantId, new_id
from broker.model.text import clean_reason, clean_text
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import Store, Transaction
from broker.secret import SealingKey
from broker.settings import DeviceSettings

_MAX_FOUND: Final = 500
_MAX_TEXT: Final = 100


class DeviceService:
    """``wake`` asks for a look at the live sessions now, where a change may have taken their reason away."""

    def __init__(
        self, store: Store, sealing: SealingKey, settings: DeviceSettings, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._sealing = sealing
        self._settings = settings
        self._wake = wake

    async def search(self, actor: Actor, text: str) -> list[DeviceRow] | NotAllowed:
        """Devices by name, owner or SIM line; at most 500, revoked ones last."""
        if refusal := refuse_action(actor.roles, Action.SEE_DEVICES):
            return refusal
        async with self._store.read() as tx:
            found = await tx.devices.search_devices(actor.tenant_id, clean_text(text, _MAX_TEXT), _MAX_FOUND)
            return [row_of(device, tx.now) for device in found]

    async def details(self, actor: Actor, device_id: DeviceId) -> DeviceDetails | NoSuchDevice | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_DEVICES):
            return refusal
        async with self._store.read() as tx:
            device = await tx.devices.get_device(actor.tenant_id, device_id)
            if device is None:
                return NoSuchDevice()
            owner = await tx.people.find_user(actor.tenant_id, device.owner) if device.owner else None
            return DeviceDetails(
                row=row_of(device, tx.now),
                certificates=await tx.devices.list_certificates(actor.tenant_id, device_id),
                owner_name=None if owner is None else owner.display_name,
            )

    async def enrol(self, actor: Actor, order: EnrolOrder) -> Issued | DeviceRefused | NotAllowed:
        """Take a device into the books, with its first certificate."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        if why := refuse_order(order):
            return DeviceRefused(why)
        key = choose_key(order.request)
        if isinstance(key, DeviceRefusal):
            return DeviceRefused(key)
        async with self._store.write() as tx:
            device = _new_device(tx, actor, order)
            if not await tx.devices.add_device(device):
                return DeviceRefused(DeviceRefusal.NAME_TAKEN)
            detail = {"kind": device.kind.value, "owner": device.owner or "-", "sim_line": device.sim_line or "-"}
            await tx.audit.append(entry(actor, device, "device.enrolled", detail))
            certified = await certify(tx, actor, device, key.public, self._sealing, self._settings)
        # Locking the key file takes a while: no writer waits for it.
        return hand_over(certified, key)

    async def renew(
        self, actor: Actor, device_id: DeviceId, order: RenewOrder
    ) -> Issued | DeviceRefused | NoSuchDevice | NotAllowed:
        """A further certificate for the same device. Earlier ones count until their end, unless the order ends them."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        key = choose_key(order.request)
        if isinstance(key, DeviceRefusal):
            return DeviceRefused(key)
        async with self._store.write() as tx:
            device = await tx.devices.get_device(actor.tenant_id, device_id)
            if device is None:
                return NoSuchDevice()
            if device.revoked_at is not None:
                return DeviceRefused(DeviceRefusal.ALREADY_REVOKED)
            ended = await tx.devices.revoke_certificates(device.tenant_id, device.id) if order.ends_old else 0
            await tx.audit.append(entry(actor, device, "device.renewed", {"ended": str(ended)}))
            certified = await certify(tx, actor, device, key.public, self._sealing, self._settings)
        # Locking the key file takes a while: no writer waits for it.
        return hand_over(certified, key)

    async def revoke(
        self, actor: Actor, device_id: DeviceId, reason: str
    ) -> Revoked | DeviceRefused | NoSuchDevice | NotAllowed:
        """Lost or given back: its certificates stop counting, its web sessions are gone with the answer, and the next
        look at the live sessions, on every node, ends those on desktops."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        told = clean_reason(reason)
        if not told:
            return DeviceRefused(DeviceRefusal.REASON_MISSING)
        async with self._store.write() as tx:
            device = await tx.devices.get_device(actor.tenant_id, device_id)
            if device is None:
                return NoSuchDevice()
            if not await tx.devices.revoke_device(device.tenant_id, device.id, told):
                return DeviceRefused(DeviceRefusal.ALREADY_REVOKED)
            count = await tx.signin.remove_web_sessions_at(device.tenant_id, device.id)
            detail = {"reason": told, "web_sessions": str(count)}
            await tx.audit.append(entry(actor, device, "device.revoked", detail))
            after = await tx.devices.get_device(actor.tenant_id, device_id)
        self._wake()
        return Revoked(device=after or device, web_sessions=count)

    async def export_authority(self, actor: Actor) -> Authority | NotAllowed:
        """The authority's certificate, for the entrances; the authority is made if there is none yet."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DEVICES):
            return refusal
        async with self._store.write() as tx:
            found = await authority_of(tx, actor.tenant_id, self._sealing)
        certificate = x509.load_der_x509_certificate(found.certificate)
        pem = certificate.public_bytes(Encoding.PEM).decode("ascii")
        return Authority(certificate_pem=pem, not_after=certificate.not_valid_after_utc)

    async def warnings_for(self, tenant_id: TenantId, login: str, device_id: DeviceId | None) -> list[ExpiryWarning]:
        """What a person should know of their own devices, and of the one that they sit at."""
        async with self._store.read() as tx:
            devices = {device.id: device for device in await tx.devices.list_devices_of(tenant_id, login)}
            if device_id is not None:
                devices |= await tx.devices.get_devices(tenant_id, [device_id])
            rows = [row_of(device, tx.now) for device in devices.values()]
            due = [row for row in rows if warning_step(row.device.expires_at, tx.now) is not None]
        return [
            ExpiryWarning(name=row.device.name, expires_at=row.device.expires_at, days_left=row.days_left)
            for row in sorted(due, key=lambda row: row.device.expires_at)
            if row.device.revoked_at is None
        ]


def _new_device(tx: Transaction, actor: Actor, order: EnrolOrder) -> Device:
    return Device(
        tenant_id=actor.tenant_id,
        id=DeviceId(new_id()),
        name=order.name,
        kind=order.kind,
        owner=order.owner or None,
        sim_line=order.sim_line,
        enrolled_at=tx.now,
        enrolled_by=actor.name,
        expires_at=tx.now,
    )
