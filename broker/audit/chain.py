"""The hash chain. Pure: records in, sealed records out.

``record_hash = SHA-256(previous_hash || canonical bytes)``. The canonical bytes are the fields in a fixed order, each
as a four-byte big-endian length and its UTF-8 text, so that no two records share them and any language can check.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final

import msgspec

from broker.audit.records import ChainHead
from broker.model.records import AuditRecord

_FORMAT: Final = "sekisho audit record 1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def canonical_bytes(record: AuditRecord) -> bytes:
    """The content of a record (without its seal) as bytes that are the same wherever they are made."""
    fields = (
        _FORMAT,
        record.tenant_id,
        str(record.id),
        str((record.at - _EPOCH) // timedelta(microseconds=1)),
        record.event,
        str(record.version),
        record.actor,
        record.subject,
        record.outcome,
        record.address,
        str(len(record.detail)),
        *chain.from_iterable(sorted(record.detail.items())),
    )
    return b"".join(_framed(field) for field in fields)


def hash_record(previous_hash: bytes, record: AuditRecord) -> bytes:
    """32 bytes that stand for this record and all before it."""
    return hashlib.sha256(previous_hash + canonical_bytes(record)).digest()


def seal_records(head: ChainHead, records: Iterable[AuditRecord]) -> Iterator[AuditRecord]:
    """The records with their seals, in the given order, from ``head`` on without a gap."""
    seq, previous_hash = head.seq, head.record_hash
    for record in records:
        seq, record_hash = seq + 1, hash_record(previous_hash, record)
        yield msgspec.structs.replace(record, seq=seq, previous_hash=previous_hash, record_hash=record_hash)
        previous_hash = record_hash


def _framed(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded
