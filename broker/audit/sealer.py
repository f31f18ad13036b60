"""The sealer: chains new records within a second and signs checkpoints. Several brokers may run one each."""

import asyncio
import time
from pathlib import Path
from typing import Final

import structlog

from broker.audit.anchor import AnchorFile
from broker.audit.chain import seal_records
from broker.audit.checkpoint import CheckpointKey
from broker.audit.records import ChainHead, ChainStore
from broker.errors import ConfigurationError, StoreError
from broker.model.ids import TenantId
from broker.ports import AuditCheckpoint
from broker.settings import AuditSettings

_BATCH: Final = 200
_log = structlog.get_logger(__name__)


class Sealer:
    """Seals what is committed, in batches: a writer never waits for it, nor for a lock that all share."""

    def __init__(self, store: ChainStore, key: CheckpointKey, anchor_path: Path, settings: AuditSettings) -> None:
        self._store = store
        self._key = key
        self._anchor = AnchorFile(anchor_path)
        self._settings = settings
        self._anchored: dict[TenantId, int] | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until :meth:`stop`; then seals and signs a last time. Faults of store and file are logged and outlived."""
        checkpoint_at = 0.0
        while not self._stopping.is_set():
            await self._work(is_checkpoint_due=time.monotonic() >= checkpoint_at)
            if time.monotonic() >= checkpoint_at:
                checkpoint_at = time.monotonic() + self._settings.checkpoint_interval_s
            await self._pause()
        await self._work(is_checkpoint_due=True)

    def stop(self) -> None:
        """Let :meth:`run` finish."""
        self._stopping.set()

    async def seal_once(self) -> int:
        """Seal everything that is committed; answers how many records. Raises :class:`StoreError`."""
        async with self._store.read() as tx:
            waiting = await tx.chain.list_unsealed_tenants()
        return sum([await self._seal_tenant(tenant_id) for tenant_id in waiting])

    async def sign_once(self) -> int:
        """Sign a checkpoint for each chain that grew since the last one; answers how many.

        The file comes first: the database may lack a checkpoint that the file has, never the reverse.
        Raises :class:`StoreError` and :class:`ConfigurationError` (the anchor file can't be written).
        """
        anchored = await self._load_anchored()
        checkpoints = await self._sign_heads(anchored)
        if not checkpoints:
            return 0
        await asyncio.to_thread(self._anchor.append, checkpoints)
        anchored.update({checkpoint.tenant_id: checkpoint.seq for checkpoint in checkpoints})
        async with self._store.write() as tx:
            for checkpoint in checkpoints:
                await tx.chain.add_checkpoint(checkpoint)
        return len(checkpoints)

    async def _work(self, *, is_checkpoint_due: bool) -> None:
        try:
            await self.seal_once()
            if is_checkpoint_due:
                await self.sign_once()
        except (StoreError, ConfigurationError) as error:
            _log.error("audit.sealing_failed", error=str(error))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._settings.seal_interval_s):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _seal_tenant(self, tenant_id: TenantId) -> int:
        total = 0
        while True:
            count = await self._seal_batch(tenant_id)
            total += count
            if count < _BATCH:
                return total

    async def _seal_batch(self, tenant_id: TenantId) -> int:
        async with self._store.write() as tx:
            head = await tx.chain.hold_head(tenant_id)
            if head is None:
                return 0
            records = await tx.chain.list_unsealed(tenant_id, _BATCH)
            if records:
                await tx.chain.seal(tenant_id, head, list(seal_records(head, records)))
            return len(records)

    async def _sign_heads(self, anchored: dict[TenantId, int]) -> list[AuditCheckpoint]:
        checkpoints: list[AuditCheckpoint] = []
        async with self._store.read() as tx:
            heads = await tx.chain.read_heads()
            for tenant_id in sorted(heads.keys() | anchored.keys()):
                head = heads.get(tenant_id, ChainHead())
                known = anchored.get(tenant_id, 0)
                if head.seq > known:
                    checkpoints.append(self._key.sign(tenant_id, head, tx.now))
                elif head.seq < known:
                    _log.error("audit.chain_cut", tenant=tenant_id, seq=head.seq, anchored_seq=known)
        return checkpoints

    async def _load_anchored(self) -> dict[TenantId, int]:
        """How far the file vouches for each chain, by signatures of this key alone."""
        if self._anchored is None:
            self._anchored = await asyncio.to_thread(_read_anchored, self._anchor, self._key)
        return self._anchored


def _read_anchored(anchor: AnchorFile, key: CheckpointKey) -> dict[TenantId, int]:
    """The furthest checkpoint of each tenant that this key confirms; those before it need no look."""
    anchored: dict[TenantId, int] = {}
    verifying_key = key.verifying_key
    for checkpoint in sorted(anchor.read().checkpoints, key=lambda it: it.seq, reverse=True):
        if checkpoint.tenant_id not in anchored and verifying_key.confirms(checkpoint):
            anchored[checkpoint.tenant_id] = checkpoint.seq
    return anchored
