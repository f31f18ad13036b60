"""Lines that devices leave in the audit."""

from collections.abc import Mapping

from broker.model.actor import Actor
from broker.model.devices import Device
from broker.ports import AuditEntry


def entry(actor: Actor, device: Device, event: str, detail: Mapping[str, str]) -> AuditEntry:
    """Somebody did something to a device."""
    return AuditEntry(
        tenant_id=device.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"device:{device.id}",
        address=actor.address,
        detail={"name": device.name, **detail},
    )


def expiry_warned(device: Device, days: int) -> AuditEntry:
    """The end of its certificate was told."""
    return AuditEntry(
        tenant_id=device.tenant_id,
        event="device.expiry_warned",
        actor="system",
        subject=f"device:{device.id}",
        detail={"name": device.name, "owner": device.owner or "-", "days": str(days)},
    )
