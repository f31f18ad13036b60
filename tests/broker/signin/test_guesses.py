"""Whatever a guesser does, so many guesses at one account pass in a day and no more; its owner works on."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from broker.model.arrival import Arrival
from broker.model.ids import TenantId
from broker.model.kinds import Origin
from broker.model.place import Place
from broker.model.throttle import Scope, Throttle
from broker.signin.scopes import OWN, Source, counted, taken_back, wait_until
from broker.signin.throttles import budgets_of
from broker.signin.throttling import most_attempts
from broker.signin.visitor import Visitor
from tests.broker.signin.city import make_settings

NOW: Final = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
DAY_S: Final = 86_400
BUDGETS: Final = budgets_of(make_settings())
KNOWN: Final = ("10.1.2.3", "203.0.113.9")
"""Where the owner signs in, and where the guesser may sit as well."""


class Burst(msgspec.Struct, frozen=True):
    """``count`` guesses: from new addresses (``place`` below 0), or from one of the known ones; then a pause.
    Who is patient waits until each is let in."""

    place: int
    count: int
    is_patient: bool
    pause_s: int


bursts = st.lists(
    st.builds(
        Burst,
        place=st.integers(-1, 1),
        count=st.integers(1, 60),
        is_patient=st.booleans(),
        pause_s=st.sampled_from([0, 1, 29, 30, 31, 900, 901, 3600, 7199, 7200, 7201]) | st.integers(0, 7300),
    ),
    min_size=1,
    max_size=25,
)


class Door:
    """The books of one account, without a store."""

    def __init__(self) -> None:
        self.stored: dict[str, Throttle] = {}
        self.now = NOW
        self.passed = {Source.STRANGER: 0, Source.PLACE: 0}
        self.hosts = 0

    def visitor(self, place: int) -> Visitor:
        self.hosts += 1
        fresh = f"198.18.{self.hosts // 250 % 250}.{self.hosts % 250}"
        address = KNOWN[place] if place >= 0 else fresh
        arrival = Arrival(entrance="internet", address=address, place=Place(origin=Origin.INTERNET))
        return Visitor(tenant_id=TenantId("demo"), login="yamada", arrival=arrival)

    def knock(self, visitor: Visitor, source: Source) -> datetime | None:
        keys = visitor.keys(source, "its-number")
        until = wait_until(self.stored, keys, now=self.now)
        if until is None:
            self.stored |= {it.key: it for it in counted(self.stored, keys, BUDGETS, now=self.now).values()}
        return until

    def own_sign_in(self) -> None:
        """The owner, in their browser: never made to wait, and no help to the guesser."""
        visitor = self.visitor(0)
        assert self.knock(visitor, Source.BROWSER) is None
        keys = visitor.keys(Source.BROWSER, "its-number")
        for key, after in taken_back(self.stored, keys, BUDGETS, count=1).items():
            if after is None:
                del self.stored[key]
        for scope in OWN & keys.keys():
            self.stored.pop(keys[scope], None)

    def guess(self, burst: Burst) -> None:
        source = Source.PLACE if burst.place >= 0 else Source.STRANGER
        for _ in range(burst.count):
            visitor = self.visitor(burst.place)
            until = self.knock(visitor, source)
            if until is not None and burst.is_patient:
                self.now = until
                until = self.knock(visitor, source)
            if self.now >= NOW + DAY:
                return
            self.passed[source] += until is None
        self.now += timedelta(seconds=burst.pause_s)


def bound(scope: Scope) -> int:
    return most_attempts(BUDGETS[scope], DAY_S)


@given(bursts)
@example([Burst(-1, 20, False, 7200)])
@example([Burst(-1, 60, True, 0)])
@example([Burst(0, 60, True, 0), Burst(1, 60, True, 0)])
@example([Burst(0, 5, False, 7200), Burst(-1, 25, True, 7200)])
@settings(max_examples=60, deadline=None)
def test_guesses_at_one_account_in_one_day_are_bounded_and_its_owner_never_waits(plan: list[Burst]) -> None:
    door = Door()
    turn = 0
    while door.now < NOW + DAY and turn < 2000:
        door.guess(plan[turn % len(plan)])
        door.own_sign_in()
        turn += 1
    assert door.passed[Source.STRANGER] <= bound(Scope.ACCOUNT)
    assert door.passed[Source.PLACE] <= len(KNOWN) * bound(Scope.PAIR)


def test_the_bound_is_small_enough_to_mean_something() -> None:
    """Of a million codes, with a password that is known: below one in a thousand and a half each day."""
    assert (bound(Scope.ACCOUNT), bound(Scope.PAIR)) == (461, 207)


@given(
    free=st.integers(0, 12),
    base_s=st.integers(1, 120),
    max_s=st.integers(1, 2000),
    memory_s=st.integers(60, 4000),
    pauses=st.lists(st.integers(0, 4200), max_size=40),
)
@settings(max_examples=100, deadline=None)
def test_no_pace_beats_the_bound_under_any_settings(
    free: int, base_s: int, max_s: int, memory_s: int, pauses: list[int]
) -> None:
    limits = msgspec.structs.replace(
        BUDGETS[Scope.PAIR], free=free, base_block_s=min(base_s, max_s), max_block_s=max_s, memory_s=memory_s
    )
    throttle: Throttle | None = None
    now, passed, turn, end = NOW, 0, 0, NOW + timedelta(hours=6)
    while now < end and turn < 20_000:
        after = counted({} if throttle is None else {"k": throttle}, {Scope.PAIR: "k"}, {Scope.PAIR: limits}, now=now)
        throttle = after[Scope.PAIR]
        passed, turn = passed + 1, turn + 1
        now = max(now, throttle.blocked_until or now)
        now += timedelta(seconds=pauses[turn % len(pauses)] if pauses else 0)
        if throttle.blocked_until is None and not pauses and throttle.failures >= limits.free:
            now = throttle.first_failed_at + timedelta(seconds=memory_s)
    assert passed <= most_attempts(limits, 6 * 3600)
