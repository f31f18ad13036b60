"""Verification of one chain. Pure: fed with records in the order of ``seq``, it tells what is wrong.

After a fault it goes on from what is stored, so that one changed record is one finding and not thousands.
"""

from collections.abc import Iterable, Sequence

from broker.audit.chain import hash_record
from broker.audit.records import ChainHead, ChainReport, Finding, FindingKind
from broker.model.ids import TenantId
from broker.model.records import AuditRecord
from broker.ports import AuditCheckpoint


class ChainCheck:
    """Checks a chain record by record against checkpoints whose signatures are good."""

    def __init__(self, tenant_id: TenantId, anchors: Iterable[AuditCheckpoint]) -> None:
        self._tenant_id = tenant_id
        self._anchors: dict[int, list[bytes]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.seq, []).append(anchor.record_hash)
        self._findings: list[Finding] = []
        self._head = ChainHead()
        self._records = 0

    @property
    def last_seq(self) -> int:
        return self._head.seq

    def take(self, record: AuditRecord) -> None:
        """The next sealed record."""
        if record.seq is None or record.previous_hash is None or record.record_hash is None:
            self._find(FindingKind.RECORD_CHANGED, self._head.seq + 1, f"record {record.id} lacks parts of its seal")
            return
        self._records += 1
        if record.seq != self._head.seq + 1:
            self._find(FindingKind.RECORD_MISSING, self._head.seq + 1, f"next is seq {record.seq}")
        elif record.previous_hash != self._head.record_hash:
            self._find(FindingKind.LINK_BROKEN, record.seq, f"record {record.id}")
        if hash_record(record.previous_hash, record) != record.record_hash:
            self._find(FindingKind.RECORD_CHANGED, record.seq, f"record {record.id} ({record.event})")
        if any(anchored != record.record_hash for anchored in self._anchors.get(record.seq, ())):
            self._find(FindingKind.ANCHOR_CONTRADICTED, record.seq, f"record {record.id}")
        self._head = ChainHead(record.seq, record.record_hash)

    def finish(self, stored_head: ChainHead, *, unsealed: int = 0) -> ChainReport:
        """After the last record. ``stored_head`` is where the database says that the chain ends."""
        anchored_seq = max(self._anchors, default=0)
        reached = max(anchored_seq, stored_head.seq)
        if reached > self._head.seq:
            witness = "a signed checkpoint" if anchored_seq == reached else "the head in the database"
            self._find(FindingKind.TAIL_CUT, self._head.seq + 1, f"{witness} knows seq {reached}")
        return ChainReport(
            tenant_id=self._tenant_id,
            records=self._records,
            last_seq=self._head.seq,
            anchored_seq=anchored_seq,
            unsealed=unsealed,
            findings=tuple(self._findings),
        )

    def _find(self, kind: FindingKind, seq: int, place: str) -> None:
        self._findings.append(Finding(kind=kind, tenant_id=self._tenant_id, seq=seq, place=place))


def check_chain(
    tenant_id: TenantId,
    records: Iterable[AuditRecord],
    anchors: Iterable[AuditCheckpoint] = (),
    stored_head: ChainHead | None = None,
) -> ChainReport:
    """A whole chain at once."""
    check = ChainCheck(tenant_id, anchors)
    for record in records:
        check.take(record)
    return check.finish(stored_head or ChainHead())


def check_unsealed(tenant_id: TenantId, oldest: AuditRecord | None, *, age_s: float, limit_s: float) -> list[Finding]:
    """A record that waits for its seal longer than ``limit_s``."""
    if oldest is None or age_s <= limit_s:
        return []
    place = f"record {oldest.id} ({oldest.event}) waits for {age_s:.0f} s"
    return [Finding(kind=FindingKind.UNSEALED_TOO_LONG, tenant_id=tenant_id, place=place)]


def check_anchor_end(
    tenant_id: TenantId, in_database: Sequence[AuditCheckpoint], in_file: Sequence[AuditCheckpoint]
) -> list[Finding]:
    """The file is written first: it must reach as far as the database's own checkpoints."""
    stored = max((checkpoint.seq for checkpoint in in_database), default=0)
    anchored = max((checkpoint.seq for checkpoint in in_file), default=0)
    if stored <= anchored:
        return []
    place = f"the file ends at seq {anchored}, the database has a checkpoint for {stored}"
    return [Finding(kind=FindingKind.ANCHOR_CUT, tenant_id=tenant_id, place=place)]
