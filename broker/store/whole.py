"""Steps that a cancelled caller does not tear apart."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


async def whole(step: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a step of the driver to its end, also when the caller is cancelled meanwhile; then the caller ends.

    A driver that is interrupted inside a statement may leave a connection behind that still holds its locks (SQLite
    keeps one with an unfinished statement open until it is collected). Between two statements that can't happen.
    Every step has an end: the time-outs of :mod:`broker.store.engine`.
    """
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()
    raise cancelled
