"""Sealed values of every table, and the keys in use."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, delete, func, literal, select, update

from broker.model.sealing import KeyHolder, KeyInUse, SealedKind, SealedRow
from broker.secret import Sealed
from broker.store.columns import SealedBytes
from broker.store.schema.devices import DEVICE_AUTHORITY
from broker.store.schema.pools import DESKTOP
from broker.store.schema.sealing import KEY_HOLDER, KEY_IN_USE
from broker.store.schema.sessions import ATTACHMENT
from broker.store.schema.signin import PENDING_SIGNIN, TOTP_ENROLMENT
from broker.store.statements import Statements, columns_of

_SEALING: Final = "sealing"


class _Place(NamedTuple):
    """Where values of one kind are kept; the column ``sealed`` is null where there is none."""

    table: Table
    sealed: Column[Sealed]
    row_id: Column[str]
    subject: Column[str]


PLACES: Final[Mapping[SealedKind, _Place]] = {
    SealedKind.TOTP: _Place(
        TOTP_ENROLMENT, TOTP_ENROLMENT.c.secret, TOTP_ENROLMENT.c.user_id, TOTP_ENROLMENT.c.user_id
    ),
    SealedKind.ENROLMENT: _Place(
        PENDING_SIGNIN, PENDING_SIGNIN.c.enrolment_secret, PENDING_SIGNIN.c.token_hash, PENDING_SIGNIN.c.login
    ),
    SealedKind.DESKTOP: _Place(DESKTOP, DESKTOP.c.credential, DESKTOP.c.id, DESKTOP.c.id),
    SealedKind.DEVICE_AUTHORITY: _Place(
        DEVICE_AUTHORITY, DEVICE_AUTHORITY.c.key, DEVICE_AUTHORITY.c.tenant_id, DEVICE_AUTHORITY.c.tenant_id
    ),
    SealedKind.SEAT: _Place(ATTACHMENT, ATTACHMENT.c.seat, ATTACHMENT.c.id, ATTACHMENT.c.id),
}
"""Every column of the type :class:`SealedBytes` belongs here, or rotation would lose what it holds."""


class SqlSealing:
    """Implements :class:`broker.ports.SealingTx`."""

    def __init__(self, statements: Statements) -> None:
        self._db = statements

    async def key_in_use(self) -> KeyInUse | None:
        return await self._db.one(KeyInUse, select(KEY_IN_USE).where(KEY_IN_USE.c.purpose == _SEALING))

    async def promote_key(self, before: str | None, after: str) -> bool:
        values = {"key": after, "promoted_at": self._db.now}
        if before is None:
            return await self._db.add_if_new(KEY_IN_USE, {"purpose": _SEALING, **values})
        mine = (KEY_IN_USE.c.purpose == _SEALING, KEY_IN_USE.c.key == before)
        return await self._db.touched(update(KEY_IN_USE).where(*mine).values(**values)) == 1

    async def put_holder(self, holder: KeyHolder) -> None:
        await self._db.put(KEY_HOLDER, ["node"], columns_of(holder))

    async def remove_holder(self, node: str) -> None:
        await self._db.run(delete(KEY_HOLDER).where(KEY_HOLDER.c.node == node))

    async def list_holders(self, within: timedelta) -> list[KeyHolder]:
        limit = self._db.now - within
        if self._db.is_writing:
            await self._db.run(delete(KEY_HOLDER).where(KEY_HOLDER.c.seen_at < limit))
        known = select(KEY_HOLDER).where(KEY_HOLDER.c.seen_at >= limit)
        return await self._db.every(KeyHolder, known.order_by(KEY_HOLDER.c.label, KEY_HOLDER.c.node))

    async def count_sealed(self, kind: SealedKind, mark: bytes | None) -> int:
        place = PLACES[kind]
        held = select(func.count()).select_from(place.table).where(place.sealed.is_not(None))
        return await self._db.number(held if mark is None else held.where(_begins(place, mark)))

    async def list_others(self, kind: SealedKind, mark: bytes, limit: int) -> list[SealedRow]:
        place = PLACES[kind]
        columns = (
            place.table.c.tenant_id,
            place.row_id.label("row_id"),
            place.subject.label("subject"),
            place.sealed.label("sealed"),
        )
        others = select(*columns).where(place.sealed.is_not(None), ~_begins(place, mark))
        rows = (await self._db.run(others.limit(limit))).mappings()
        return [SealedRow(kind=kind, **row) for row in rows]

    async def reseal(self, row: SealedRow, after: Sealed) -> bool:
        place = PLACES[row.kind]
        mine = (place.table.c.tenant_id == row.tenant_id, place.row_id == row.row_id, place.sealed == row.sealed)
        return await self._db.touched(update(place.table).where(*mine).values({place.sealed: after})) == 1


def _begins(place: _Place, mark: bytes) -> ColumnElement[bool]:
    return func.substr(place.sealed, literal(1), literal(len(mark)), type_=SealedBytes) == Sealed(mark)
