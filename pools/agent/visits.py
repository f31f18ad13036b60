"""What virtual browsers did, on its way to the broker's audit. The log has all of it, whatever the line does."""

from collections import deque
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from broker.model.ids import DesktopId
from broker.wire.messages import BrowserVisit
from pools.egress.model import Report

AT_ONCE: Final = 50
_HELD: Final = 5000
_MAX_HOST: Final = 253
_log: Final = structlog.get_logger(__name__)


class Visits:
    """Held while the broker is away; beyond a bound the oldest are left to the log alone."""

    def __init__(self) -> None:
        self._held: deque[BrowserVisit] = deque(maxlen=_HELD)

    def add(self, desktop_id: DesktopId, report: Report) -> None:
        """Every refusal and every connection: which desktop, which host, how much. Never a path or a content."""
        fields = {name: value for name, value in msgspec.to_builtins(report).items() if name != "refusal"}
        if report.refusal is None:
            _log.info("egress.connected", desktop=desktop_id, **fields)
        else:
            _log.warning("egress.refused", desktop=desktop_id, reason=report.refusal.value, **fields)
        self._held.append(
            BrowserVisit(
                desktop_id=desktop_id,
                at=datetime.now(UTC),
                host=report.host[:_MAX_HOST],
                port=report.port,
                refusal=None if report.refusal is None else report.refusal.value,
                count=report.count,
                bytes_out=report.bytes_out,
                bytes_in=report.bytes_in,
            )
        )

    def take(self) -> list[BrowserVisit]:
        """The oldest ones, at most :data:`AT_ONCE`."""
        return [self._held.popleft() for _ in range(min(AT_ONCE, len(self._held)))]
