"""A question to a provider: with a deadline, and with its faults turned into answers."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final, TypeVar

from broker.errors import ProviderFault
from broker.ports import ProviderFailure

_T = TypeVar("_T")
logger: Final = logging.getLogger(__name__)


async def ask(question: Awaitable[_T | ProviderFailure], deadline_s: float) -> _T | ProviderFailure:
    """The answer, or a transient failure when the provider hangs or breaks down."""
    try:
        async with asyncio.timeout(deadline_s):
            return await question
    except TimeoutError:
        return ProviderFailure(f"no answer within {deadline_s:g} s")
    except (ProviderFault, OSError) as error:
        return ProviderFailure(f"{type(error).__name__}: {error}")
    except Exception as error:
        # The edge of foreign code: whatever a provider raises is its answer, and its traceback is kept.
        logger.exception("a desktop provider broke down")
        return ProviderFailure(f"the provider broke down: {type(error).__name__}")
