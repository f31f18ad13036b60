"""Audit records to chain, and an attacker who has the database's own password."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from broker.audit import CheckpointKey, Sealer, VerifyReport, verify
from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from broker.ports import AuditEntry
from broker.settings import AuditSettings
from broker.store import SqlStore
from broker.store.engine import WRITES, make_engine
from broker.store.location import locate

CITY: Final = TenantId("aoba")
TOWN: Final = TenantId("midori")
TRIGGERS: Final = (
    *("audit_record_birth", "audit_record_seal", "audit_record_change", "audit_record_removal"),
    *("audit_head_birth", "audit_head_move", "audit_head_removal"),
)
THEN: Final = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def a_record(number: int = 1) -> AuditRecord:
    return AuditRecord(
        tenant_id=CITY,
        id=number,
        at=THEN + timedelta(seconds=number),
        event="session.opened",
        version=1,
        actor="user:user-1",
        subject=f"session:{number}",
        outcome="ok",
        address="192.0.2.7",
        detail={"pool": "共用デスクトップ"},
    )


def an_entry(number: int = 1, tenant_id: TenantId = CITY) -> AuditEntry:
    return AuditEntry(
        tenant_id=tenant_id,
        event="session.opened",
        actor="user:user-1",
        subject=f"session:{number}",
        address="192.0.2.7",
        detail={"pool": "共用デスクトップ", "窓口": "1番"},
    )


async def append(store: SqlStore, count: int, tenant_id: TenantId = CITY) -> None:
    """Records in a transaction of their own each."""
    for number in range(1, count + 1):
        async with store.write() as tx:
            await tx.audit.append(an_entry(number, tenant_id))


async def tamper(url: str, *statements: str, **parameters: Any) -> None:
    """Change the database as somebody who may alter its tables."""
    engine = make_engine(locate(url), pool_size=0)
    is_postgresql = engine.dialect.name == "postgresql"
    async with engine.connect() as opened:
        connection = await opened.execution_options(**WRITES)
        async with connection.begin():
            for trigger in TRIGGERS:
                on_table = f" ON {trigger.rpartition('_')[0]}" if is_postgresql else ""
                await connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}{on_table}"))
            for statement in statements:
                await connection.execute(text(statement), parameters)
    await engine.dispose()


class Office:
    """A sealer with its key and its anchor file, and the auditor who verifies."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self.key_path = folder / "keys" / "audit.key"
        self.anchor_path = folder / "elsewhere" / "checkpoints.jsonl"
        CheckpointKey.create(self.key_path)
        self.key = CheckpointKey.load(self.key_path)
        self.store = store
        self.sealer = self.new_sealer(store)

    def new_sealer(self, store: SqlStore) -> Sealer:
        return Sealer(store, self.key, self.anchor_path, AuditSettings(seal_interval_s=0.05))

    async def seal_and_sign(self) -> None:
        await self.sealer.seal_once()
        await self.sealer.sign_once()

    async def verify(self) -> VerifyReport:
        return await verify(self.store, keys=[self.key.verifying_key], anchor_paths=[self.anchor_path])
