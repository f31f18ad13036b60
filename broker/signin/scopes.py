"""Which waits an attempt has to respect, and which ones it lengthens. Pure.

Whoever knows a name can fill what is counted for it from everywhere, and whoever has many addresses what is counted
for a tenant. So these bind strangers alone. Where a person has signed in lately, their own failures there and those
of the address decide; in a browser or at a device that is known by what it holds, nothing but their own.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from broker.model.throttle import Scope, Throttle
from broker.signin.throttling import Limits, blocks_begun_attempt_until, blocks_until, count_attempts, take_back


class Source(StrEnum):
    """What is known of where an attempt comes from, for the name that it gives."""

    STRANGER = "stranger"
    PLACE = "place"
    """The name has signed in from this address lately."""
    BROWSER = "browser"
    """The name has signed in with this browser lately."""
    DEVICE = "device"
    """A device with a valid certificate: lent to this name, or shared, and the name has signed in at it lately."""


Keys = Mapping[Scope, str]
"""The keys of the scopes that bind one attempt."""
Stored = Mapping[str, Throttle]
Budgets = Mapping[Scope, Limits]

BINDING: Final[Mapping[Source, tuple[Scope, ...]]] = MappingProxyType(
    {
        Source.STRANGER: (Scope.PAIR, Scope.ADDRESS, Scope.ACCOUNT, Scope.TENANT),
        Source.PLACE: (Scope.PAIR, Scope.ADDRESS),
        Source.BROWSER: (Scope.BROWSER,),
        Source.DEVICE: (Scope.DEVICE,),
    }
)
OWN: Final = frozenset({Scope.PAIR, Scope.BROWSER, Scope.DEVICE})
"""What a sign-in wipes out: failures under this very name at this very place."""


def wait_until(stored: Stored, keys: Keys, *, now: datetime) -> datetime | None:
    """Until when a new attempt has to wait."""
    waits = [blocks_until(stored.get(key), now) for key in keys.values()]
    return max((until for until in waits if until is not None), default=None)


def begun_wait_until(
    stored: Stored, keys: Keys, budgets: Budgets, *, now: datetime, begun_at: datetime
) -> datetime | None:
    """The same for an attempt that was let in at ``begun_at``."""
    waits = [
        blocks_begun_attempt_until(stored.get(key), budgets[scope], now, begun_at=begun_at)
        for scope, key in keys.items()
    ]
    return max((until for until in waits if until is not None), default=None)


def counted(stored: Stored, keys: Keys, budgets: Budgets, *, now: datetime) -> dict[Scope, Throttle]:
    """The throttles after one more attempt."""
    return {scope: count_attempts(stored.get(key), key, budgets[scope], now) for scope, key in keys.items()}


def taken_back(stored: Stored, keys: Keys, budgets: Budgets, *, count: int) -> dict[str, Throttle | None]:
    """The throttles without attempts that turned out well; None: nothing is left of it."""
    before = {scope: stored[key] for scope, key in keys.items() if key in stored}
    return {keys[scope]: take_back(throttle, budgets[scope], count=count) for scope, throttle in before.items()}
