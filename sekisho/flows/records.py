"""What a check looks at and what it finds."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec


class Answer(StrEnum):
    """What came of opening a TCP connection."""

    OPEN = "open"
    REFUSED = "refused"
    """A reset came back: the way is open, nobody listens. A filter that rejects by resets looks the same."""
    REJECTED = "rejected"
    """A filter on the way said no, by ICMP."""
    FILTERED = "filtered"
    """Nothing came back in time: a filter drops it, or the machine is off."""
    UNREACHABLE = "unreachable"
    """No route, or nobody has the address."""


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    port: int
    answer: Answer

    @property
    def where(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class FindingKind(StrEnum):
    FLOW_CLOSED = "flow_closed"
    REACHABLE = "reachable"
    NOT_LOADED = "not_loaded"
    DORMANT = "dormant"
    CHAIN_CHANGED = "chain_changed"
    CHAIN_MISSING = "chain_missing"
    RULE_MISSING = "rule_missing"
    RULE_ADDED = "rule_added"
    ORDER_CHANGED = "order_changed"
    OBJECT_ADDED = "object_added"
    OTHER_TABLE = "other_table"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something is not as the settings have it. ``subject`` is a flow's id, an address, or a place in the ruleset."""

    kind: FindingKind
    subject: str
    what: str
    remedy: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one host. ``seed`` makes the same sample again; ``not_probed`` are flows that no TCP connection
    can try (UDP, ranges of addresses)."""

    host: str
    seed: int
    flows: int
    flows_open: int
    not_probed: tuple[str, ...]
    unlisted: int
    unlisted_answers: dict[str, int]
    findings: tuple[Finding, ...]


CLOSED: Final[Mapping[Answer, tuple[str, str]]] = MappingProxyType(
    {
        Answer.REFUSED: (
            "the way is open, but nothing listens there",
            "start the service on {target}, or correct its port in the settings",
        ),
        Answer.REJECTED: (
            "a filter on the way rejects it (ICMP)",
            "load the derived ruleset on {target} and on the routers between, and look for filters that are not ours",
        ),
        Answer.FILTERED: (
            "filtered: nothing came back",
            "see that {target} is up and run this check on it; load the derived rulesets there, here and between",
        ),
        Answer.UNREACHABLE: (
            "unreachable: no route, or nobody has the address",
            "see that {target} is up and that there is a route to it",
        ),
    }
)
"""What a listed flow that is not open means, and what to do."""
