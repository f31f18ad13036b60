"""What strangers can make happen as often as they like: one line a second for each kind of it, with a count."""

from collections import Counter
from typing import Final

import structlog

from gateway.addresses import find_share

_log: Final = structlog.get_logger(__name__)


class Tally:
    """Counts between two calls of :meth:`write`."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counter[str]] = {}

    def note(self, event: str, word: str, address: str) -> None:
        """``word`` is one of a fixed few, never a stranger's own."""
        self._counts.setdefault((event, word), Counter())[find_share(address)] += 1

    def write(self) -> None:
        """One line for each event and word: how often, from how many addresses, and which of them led."""
        counts, self._counts = self._counts, {}
        for (event, word), by_address in counts.items():
            (leader, _), *_ = by_address.most_common(1)
            _log.warning(event, word=word, count=by_address.total(), addresses=len(by_address), address=leader)
