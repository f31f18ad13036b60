"""Column types: times that are never naive, JSON by msgspec, sealed values."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from broker.secret import Sealed


class UtcTime(TypeDecorator[datetime]):
    """A moment with microseconds. Aware times go in (any zone), UTC comes out; a naive one raises ``ValueError``.

    SQLite keeps text of one width without a zone, so that its order is the order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"a time without a zone does not go into the database: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # the signature is SQLAlchemy's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Sets, mappings and structs as JSON text in a fixed order; plain lists and mappings come out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  # the signature is SQLAlchemy's
        if value is None:
            return None
        return msgspec.json.encode(value, order="deterministic").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  # the signature is SQLAlchemy's
        return None if value is None else msgspec.json.decode(value)


class SealedBytes(TypeDecorator[Sealed]):
    """A sealed value; nothing else is taken, so that no plain secret gets in by mistake."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sealed | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002  # the signature is SQLAlchemy's
        return None if value is None else value.blob

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Sealed | None:  # noqa: ARG002  # the signature is SQLAlchemy's
        return None if value is None else Sealed(bytes(value))
