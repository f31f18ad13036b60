"""Sealed values and the keys in use, in the store."""

from datetime import timedelta
from typing import Protocol

from broker.model.sealing import KeyHolder, KeyInUse, SealedKind, SealedRow
from broker.secret import Sealed


class SealingTx(Protocol):
    """Keys of the whole site: what belongs to no tenant alone."""

    async def key_in_use(self) -> KeyInUse | None:
        """None before the first rotation."""
        ...

    async def promote_key(self, before: str | None, after: str) -> bool:
        """Compare-and-swap of the key in use; True for exactly one caller."""
        ...

    async def put_holder(self, holder: KeyHolder) -> None: ...
    async def remove_holder(self, node: str) -> None: ...

    async def list_holders(self, within: timedelta) -> list[KeyHolder]:
        """Brokers that were heard of lately; the others are forgotten by a writing transaction."""
        ...

    async def count_sealed(self, kind: SealedKind, mark: bytes | None) -> int:
        """How many values begin with ``mark``; None: how many there are."""
        ...

    async def list_others(self, kind: SealedKind, mark: bytes, limit: int) -> list[SealedRow]:
        """Values that do not begin with ``mark``."""
        ...

    async def reseal(self, row: SealedRow, after: Sealed) -> bool:
        """Compare-and-swap of one value; False when it has changed or gone since it was read."""
        ...
