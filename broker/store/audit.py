"""The audit inside one transaction: append and read. Sealing is in :mod:`broker.store.audit_sealing`."""

import re
from typing import Final

from sqlalchemy import Text, func, or_, select, type_coerce

from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from broker.ports import AuditEntry, AuditQuery
from broker.store.schema.audit import AUDIT_RECORD
from broker.store.statements import Statements, columns_of

RECORD_VERSION: Final = 1
"""Version of what a record of an event holds."""


_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class SqlAudit:
    """Implements :class:`broker.ports.AuditTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def append(self, entry: AuditEntry) -> None:
        """What no database holds (NUL, half of a surrogate pair) is written as U+FFFD: no input stops a record."""
        texts = {name: _storable(value) for name, value in columns_of(entry, without=["detail"]).items()}
        detail = {_storable(name): _storable(value) for name, value in entry.detail.items()}
        values = {**texts, "detail": detail, "at": self._db.now, "version": RECORD_VERSION}
        await self._db.add(AUDIT_RECORD, values)

    async def search(self, tenant_id: TenantId, query: AuditQuery) -> list[AuditRecord]:
        column = AUDIT_RECORD.c
        found = select(AUDIT_RECORD).where(column.tenant_id == tenant_id)
        if query.event_prefix:
            found = found.where(column.event.startswith(query.event_prefix, autoescape=True))
        if query.text:
            places = (column.actor, column.subject, column.event, type_coerce(column.detail, Text))
            found = found.where(or_(*(place.icontains(query.text, autoescape=True) for place in places)))
        if query.since is not None:
            found = found.where(column.at >= query.since)
        if query.until is not None:
            found = found.where(column.at < query.until)
        if query.before_id is not None:
            found = found.where(column.id < query.before_id)
        return await self._db.every(AuditRecord, found.order_by(column.id.desc()).limit(query.limit))

    async def read_chain(self, tenant_id: TenantId, after_seq: int, limit: int) -> list[AuditRecord]:
        """Sealed records in the order of their sealing."""
        column = AUDIT_RECORD.c
        sealed = select(AUDIT_RECORD).where(column.tenant_id == tenant_id, column.seq > after_seq)
        return await self._db.every(AuditRecord, sealed.order_by(column.seq).limit(limit))

    async def count_unsealed(self, tenant_id: TenantId) -> int:
        unsealed = (AUDIT_RECORD.c.tenant_id == tenant_id, AUDIT_RECORD.c.seq.is_(None))
        return await self._db.number(select(func.count()).select_from(AUDIT_RECORD).where(*unsealed))


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)
