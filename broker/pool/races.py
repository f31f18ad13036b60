"""Compare-and-swap lost to somebody else: the whole transaction is taken back and tried again."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from broker.errors import StoreConflict, StoreError, StoreUnavailable
from broker.ports import Store, Transaction

_T = TypeVar("_T")
_ATTEMPTS: Final = 8


class LostRace(StoreError):
    """A row changed between reading and writing it. Raised inside a transaction, so that nothing of it stays."""


def won(row: _T | None) -> _T:
    """The row that a swap stored. Raises :class:`LostRace` when the swap answered ``None``."""
    if row is None:
        raise LostRace("a row was changed by somebody else in between")
    return row


async def write_again(store: Store, work: Callable[[Transaction], Awaitable[_T]]) -> _T:
    """Run ``work`` in a write transaction, from the beginning again while it loses races or the database takes it back.

    Raises :class:`StoreUnavailable` when it loses too often.
    """
    for _ in range(_ATTEMPTS):
        try:
            async with store.write() as tx:
                return await work(tx)
        except (LostRace, StoreConflict):
            continue
    raise StoreUnavailable(f"a transaction lost {_ATTEMPTS} races in a row")
