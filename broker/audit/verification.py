"""Verification of all chains in a database, which may be in use meanwhile."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from broker.audit.anchor import AnchorFile
from broker.audit.checkpoint import VerifyingKey
from broker.audit.records import ChainReport, ChainStore, Finding, FindingKind, VerifyReport
from broker.audit.rules import ChainCheck, check_anchor_end, check_unsealed
from broker.model.ids import TenantId
from broker.ports import AuditCheckpoint

UNSEALED_LIMIT_S: Final = 60.0
_PAGE: Final = 500


async def verify(
    store: ChainStore, *, keys: Sequence[VerifyingKey], anchor_paths: Sequence[Path], limit_s: float = UNSEALED_LIMIT_S
) -> VerifyReport:
    """Check every tenant's chain against the checkpoints in the anchor files (one per broker) and in the database.

    ``keys`` are all keys that ever signed; a record may be unsealed for ``limit_s`` seconds. Works beside running
    brokers. Raises :class:`broker.errors.ConfigurationError` when an anchor file can't be read, and
    :class:`broker.errors.StoreUnavailable`.
    """
    # What vouches is read before what it vouches for: a chain that grows meanwhile never looks cut.
    async with store.read() as tx:
        tenants = set(await tx.chain.list_chained_tenants())
        in_database = [it for tenant_id in sorted(tenants) for it in await tx.chain.list_checkpoints(tenant_id)]
    in_files, findings = await _read_anchors(anchor_paths)
    good_in_database, forged = _sift(in_database, keys, "the database")
    good_in_files, forged_in_files = _sift(in_files, keys, "the anchor file")
    tenants.update(anchor.tenant_id for anchor in good_in_files)
    chains = [
        await _verify_chain(store, tenant_id, good_in_database, good_in_files, limit_s) for tenant_id in sorted(tenants)
    ]
    return VerifyReport(chains=tuple(chains), findings=(*findings, *forged, *forged_in_files))


async def _read_anchors(paths: Sequence[Path]) -> tuple[list[AuditCheckpoint], list[Finding]]:
    checkpoints: list[AuditCheckpoint] = []
    findings: list[Finding] = []
    for path in paths:
        content = await asyncio.to_thread(AnchorFile(path).read)
        checkpoints += content.checkpoints
        findings += [
            Finding(kind=FindingKind.ANCHOR_UNREADABLE, place=f"{path.name}, line {line}") for line in content.bad_lines
        ]
    return checkpoints, findings


def _sift(
    checkpoints: Sequence[AuditCheckpoint], keys: Sequence[VerifyingKey], where: str
) -> tuple[list[AuditCheckpoint], list[Finding]]:
    """Those that a key confirms, and a finding for each other."""
    good = [it for it in checkpoints if any(key.confirms(it) for key in keys)]
    forged = [
        Finding(kind=FindingKind.ANCHOR_FORGED, tenant_id=it.tenant_id, seq=it.seq, place=where)
        for it in checkpoints
        if not any(key.confirms(it) for key in keys)
    ]
    return good, forged


async def _verify_chain(
    store: ChainStore,
    tenant_id: TenantId,
    in_database: Sequence[AuditCheckpoint],
    in_files: Sequence[AuditCheckpoint],
    limit_s: float,
) -> ChainReport:
    stored = [it for it in in_database if it.tenant_id == tenant_id]
    anchored = [it for it in in_files if it.tenant_id == tenant_id]
    check = ChainCheck(tenant_id, [*stored, *anchored])
    async with store.read() as tx:
        head = await tx.chain.read_head(tenant_id)
        oldest = await tx.chain.list_unsealed(tenant_id, 1)
        unsealed = await tx.audit.count_unsealed(tenant_id)
        age_s = (tx.now - oldest[0].at).total_seconds() if oldest else 0.0
    await _feed(store, tenant_id, check)
    report = check.finish(head, unsealed=unsealed)
    more = (
        *check_unsealed(tenant_id, oldest[0] if oldest else None, age_s=age_s, limit_s=limit_s),
        *check_anchor_end(tenant_id, stored, anchored),
    )
    return msgspec.structs.replace(report, findings=(*report.findings, *more))


async def _feed(store: ChainStore, tenant_id: TenantId, check: ChainCheck) -> None:
    """Page by page, each in a transaction of its own, so that a long chain holds nobody up."""
    after_seq = 0
    while True:
        async with store.read() as tx:
            page = await tx.audit.read_chain(tenant_id, after_seq, _PAGE)
        for record in page:
            check.take(record)
            after_seq = record.seq or after_seq
        if len(page) < _PAGE:
            return
