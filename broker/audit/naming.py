"""Which names a page of the audit needs. Pure."""

from collections.abc import Iterable

from broker.model.ids import DesktopId, DeviceId, PoolId, SessionId, UserId
from broker.model.records import AuditRecord
from broker.ports.naming import References


def references_of(records: Iterable[AuditRecord]) -> References:
    """Everything that actor, subject and detail of the records refer to."""
    found: dict[str, set[str]] = {kind: set() for kind in ("user", "login", "pool", "desktop", "device", "session")}
    for record in records:
        pairs = [reference.partition(":")[::2] for reference in (record.actor, record.subject)]
        for kind, value in (*pairs, *record.detail.items()):
            if kind in found and value:
                found[kind].add(value)
    return References(
        users=frozenset(map(UserId, found["user"])),
        logins=frozenset(found["login"]),
        pools=frozenset(map(PoolId, found["pool"])),
        desktops=frozenset(map(DesktopId, found["desktop"])),
        devices=frozenset(map(DeviceId, found["device"])),
        sessions=frozenset(map(SessionId, found["session"])),
    )
