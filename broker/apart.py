"""Work for one tenant among many: its faults are logged and cost the others nothing."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from broker.errors import StoreError
from broker.model.ids import TenantId

_log: Final = logging.getLogger(__name__)


async def apart(tenant_id: TenantId, work: Callable[[], Awaitable[None]]) -> bool:
    """Whether the work was done. The outermost edge of a tenant's part in a round; the next round tries again."""
    try:
        await work()
    except StoreError as error:
        _log.warning("tenant %s: put off: %s", tenant_id, error)
        return False
    except Exception:  # noqa: BLE001  the outermost edge of this tenant's part
        _log.exception("tenant %s: failed", tenant_id)
        return False
    return True
