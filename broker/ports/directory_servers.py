"""The servers of a tenant's directories, as operators look after them."""

from typing import Protocol

from broker.model.directory_health import CheckFinding, ServerHealth
from broker.model.mapping import MappingRule, Matched
from broker.ports.identity import DirectoryUnavailable


class DirectoryServers(Protocol):
    def health(self) -> list[ServerHealth]:
        """Each server in the order of the settings, as this broker knows it."""
        ...

    async def check(self) -> list[CheckFinding]:
        """Try each step of a sign-in at each server now; takes no longer than a sign-in may."""
        ...

    async def find_people(self, directory: str, rule: MappingRule) -> Matched | DirectoryUnavailable:
        """Who meets a rule, by a search that is bounded in people and time."""
        ...
