"""Which guacd of a group takes the next session."""

import random
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager


class GuacdSpread:
    """Addresses of each group, least loaded first; equals in random order."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self._groups = {name: list(addresses) for name, addresses in groups.items()}
        self._load: dict[str, int] = {}

    def order(self, group: str) -> list[str]:
        """Empty for a group that the settings do not name."""
        addresses = self._groups.get(group, [])
        mixed = random.sample(addresses, len(addresses))
        return sorted(mixed, key=lambda address: self._load.get(address, 0))

    @contextmanager
    def hold(self, address: str) -> Generator[None, None, None]:
        """While a session runs there."""
        self._load[address] = self._load.get(address, 0) + 1
        try:
            yield
        finally:
            self._load[address] -= 1
