"""The audit inside one transaction: append and read. Sealing is in :mod:`broker.store.audit_sealing`."""

import re
from datetime import datetime
from typing import Final

from sqlalchemy import Text, func, or_, select, type_coerce

from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from broker.ports import AuditEntry, AuditQuery
from broker.ports.naming import Names, References
from broker.store.naming import find_names, find_people_called
from broker.store.prepared import prepare_add
from broker.store.schema.audit import AUDIT_RECORD
from broker.store.statements import Statements, columns_of

RECORD_VERSION: Final = 1
"""Version of what a record of an event holds."""


_MAX_PEOPLE: Final = 20
"""Namesakes that a search looks for; of more, only by what the records themselves hold."""

_LOOKED_BACK: Final = 100_000

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


_ADD: Final = prepare_add(AUDIT_RECORD, without=["id", "seq", "previous_hash", "record_hash"])


class SqlAudit:
    """Implements :class:`broker.ports.AuditTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def append(self, entry: AuditEntry) -> None:
        """What no database holds (NUL, half of a surrogate pair) is written as U+FFFD: no input stops a record."""
        texts = {name: _storable(value) for name, value in columns_of(entry, without=["detail"]).items()}
        detail = {_storable(name): _storable(value) for name, value in entry.detail.items()}
        values = {**texts, "detail": detail, "at": self._db.now, "version": RECORD_VERSION}
        await self._db.change(_ADD, values)

    async def search(self, tenant_id: TenantId, query: AuditQuery) -> list[AuditRecord]:
        column = AUDIT_RECORD.c
        found = select(AUDIT_RECORD).where(column.tenant_id == tenant_id)
        if query.event_prefix:
            found = found.where(column.event.startswith(query.event_prefix, autoescape=True))
        if query.text:
            detail = type_coerce(column.detail, Text)
            holds_text = [
                place.icontains(query.text, autoescape=True)
                for place in (column.actor, column.subject, column.event, detail)
            ]
            people = await find_people_called(self._db, tenant_id, query.text, _MAX_PEOPLE)
            names = [f"user:{user_id}" for user_id in people]
            about = [detail.contains(user_id, autoescape=True) for user_id in people]
            found = found.where(or_(*holds_text, column.actor.in_(names), column.subject.in_(names), *about))
        if query.since is not None:
            found = found.where(column.at >= query.since)
        if query.until is not None:
            found = found.where(column.at < query.until)
        if query.before_id is not None:
            found = found.where(column.id < query.before_id)
        return await self._db.every(AuditRecord, found.order_by(column.id.desc()).limit(query.limit))

    async def names_of(self, tenant_id: TenantId, references: References) -> Names:
        return await find_names(self._db, tenant_id, references)

    async def find_last(self, tenant_id: TenantId, event: str, actor: str, before: datetime) -> AuditRecord | None:
        """Walks the tenant's index from its newest end; the bound keeps a newcomer from reading all of it."""
        column = AUDIT_RECORD.c
        recent = column.id > select(func.max(column.id) - _LOOKED_BACK).scalar_subquery()
        theirs = (column.tenant_id == tenant_id, column.event == event, column.actor == actor, column.at < before)
        return await self._db.one(
            AuditRecord, select(AUDIT_RECORD).where(*theirs, recent).order_by(column.id.desc()).limit(1)
        )

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
