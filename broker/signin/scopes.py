"""Which waits an attempt has to respect, and which ones it lengthens. Pure.

Three things are counted: a name from one address, an address, and a name from everywhere. Whoever knows a name
can fill the last one. So it binds strangers alone: where a person has signed in lately, the first two decide.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from broker.model.throttle import Throttle
from broker.signin.throttling import Limits, blocks_begun_attempt_until, blocks_until, count_attempts, take_back


class Scope(StrEnum):
    PAIR = "pair"
    """A name from one address."""
    ADDRESS = "addr"
    """Every name from one address."""
    ACCOUNT = "acct"
    """A name from all addresses at which it has not signed in lately."""


Keys = Mapping[Scope, str]
Stored = Mapping[str, Throttle]
Budgets = Mapping[Scope, Limits]


def binding_scopes(*, is_known: bool) -> tuple[Scope, ...]:
    """What binds an attempt. ``is_known``: the name has signed in from this address lately."""
    return (Scope.PAIR, Scope.ADDRESS) if is_known else (Scope.PAIR, Scope.ADDRESS, Scope.ACCOUNT)


def wait_until(stored: Stored, keys: Keys, *, is_known: bool, now: datetime) -> datetime | None:
    """Until when a new attempt has to wait."""
    waits = [blocks_until(stored.get(keys[scope]), now) for scope in binding_scopes(is_known=is_known)]
    return max((until for until in waits if until is not None), default=None)


def begun_wait_until(
    stored: Stored, keys: Keys, budgets: Budgets, *, is_known: bool, now: datetime, begun_at: datetime
) -> datetime | None:
    """The same for an attempt that was let in at ``begun_at``."""
    waits = [
        blocks_begun_attempt_until(stored.get(keys[scope]), budgets[scope], now, begun_at=begun_at)
        for scope in binding_scopes(is_known=is_known)
    ]
    return max((until for until in waits if until is not None), default=None)


def counted(stored: Stored, keys: Keys, budgets: Budgets, *, is_known: bool, now: datetime) -> list[Throttle]:
    """The throttles after one more attempt."""
    return [
        count_attempts(stored.get(keys[scope]), keys[scope], budgets[scope], now)
        for scope in binding_scopes(is_known=is_known)
    ]


def taken_back(
    stored: Stored, keys: Keys, budgets: Budgets, *, is_known: bool, count: int
) -> dict[str, Throttle | None]:
    """The throttles without attempts that turned out well; None: nothing is left of it."""
    before = {scope: stored[keys[scope]] for scope in binding_scopes(is_known=is_known) if keys[scope] in stored}
    return {keys[scope]: take_back(throttle, budgets[scope], count=count) for scope, throttle in before.items()}
