"""The desk lifts waits and blocks addresses, on every node, in its own tenant alone."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.throttle import Scope, Throttle
from broker.people.locks import BlockOrder, Lifted, LockRefusal, LockRefused, LockService, NoSuchLock
from broker.people.records import ReasonMissing
from broker.policy.administration import Action, NotAllowed
from broker.signin.records import NeedFactor, Throttled
from broker.store import SqlStore, open_store
from tests.broker.signin.city import HOME, OFFICE, OTHER, TENANT, City, make_settings, open_city

DESK = Actor(tenant_id=TENANT, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address=OFFICE)
AUDITOR = Actor(tenant_id=TENANT, name="user:eye", roles=frozenset({Role.AUDITOR}), address=OFFICE)
NEIGHBOUR = Actor(tenant_id=OTHER, name="user:other", roles=frozenset({Role.SYSTEM_ADMIN}), address=OFFICE)
PATIENT = make_settings(base_block_s=600)


@pytest.fixture
async def city(store: SqlStore) -> City:
    plain = await open_city(store)
    return City(store, plain.directory, plain.sealing, PATIENT)


@pytest.fixture
async def elsewhere(city: City, database_url: str) -> AsyncIterator[LockService]:
    """The desk at another node, where there can be one."""
    if database_url.startswith("sqlite"):
        yield LockService(city.store)
        return
    second = await open_store(database_url)
    yield LockService(second)
    await second.close()


async def fail(city: City, count: int, *, address: str = HOME) -> None:
    for _ in range(count):
        await city.password("yamada", "wrong", address=address)


async def keys(desk: LockService) -> list[Throttle]:
    found = await desk.list_all(DESK)
    assert isinstance(found, list)
    return found


async def test_what_is_shown_is_who_waits_how_often_they_tried_and_from_where(
    city: City, elsewhere: LockService
) -> None:
    await fail(city, PATIENT.free_failures)
    assert await keys(elsewhere) == [], "nobody waits yet"
    await fail(city, 1)
    (lock,) = await keys(elsewhere)
    assert (lock.scope, lock.login, lock.address) == (Scope.PAIR, "yamada", HOME)
    assert (lock.failures, sorted(lock.entrances)) == (PATIENT.free_failures + 1, ["portal"])
    assert lock.blocked_until is not None
    assert await elsewhere.list_all(NEIGHBOUR) == []


async def test_who_is_lifted_gets_in_at_once_on_every_node_and_the_audit_says_by_whom(
    city: City, elsewhere: LockService
) -> None:
    await city.enrol()
    await fail(city, PATIENT.free_failures + 1)
    assert isinstance(await city.password(), Throttled)
    (lock,) = await keys(elsewhere)
    assert await elsewhere.lift(DESK, [lock.key], " ") == ReasonMissing()
    assert await elsewhere.lift(AUDITOR, [lock.key], "x") == NotAllowed(Action.CHANGE_PEOPLE)
    assert await elsewhere.lift(NEIGHBOUR, [lock.key], "x") == NoSuchLock()
    assert await elsewhere.lift(DESK, [lock.key, "unheard of"], "本人確認済み") == Lifted(1)
    assert await elsewhere.lift(DESK, [lock.key], "again") == NoSuchLock()
    assert isinstance(await city.password(), NeedFactor)
    (told,) = await city.audit("throttle.lifted")
    assert (told.actor, told.subject, told.address) == ("user:desk", f"throttle:{lock.key}", OFFICE)
    assert (told.detail["reason"], told.detail["login"]) == ("本人確認済み", "yamada")


async def test_a_blocked_address_lets_nobody_in_not_even_who_is_known_there(city: City, elsewhere: LockService) -> None:
    await city.enrol()
    mark = (await city.sign_in()).browser_mark
    pending = await city.pending(address=HOME, mark=mark)
    order = BlockOrder(address="203.0.113.0/24", minutes=60, reason="不審なアクセス")
    block = await elsewhere.block(DESK, order)
    assert isinstance(block, Throttle)
    for attempt in (city.password(mark=mark), city.password("suzuki"), city.code(pending, await city.app_code())):
        outcome = await attempt
        assert isinstance(outcome, Throttled)
        assert timedelta(minutes=55) < outcome.until - await city.now() <= timedelta(minutes=60)
    assert isinstance(await city.password(address="198.51.100.1"), NeedFactor)
    assert city.directory.asked.count("suzuki") == 0
    (told,) = await city.audit("address.blocked")
    assert (told.actor, told.subject, told.detail["reason"]) == (
        "user:desk",
        "address:203.0.113.0/24",
        "不審なアクセス",
    )
    assert await elsewhere.lift(DESK, [block.key], "誤り") == Lifted(1)
    assert isinstance(await city.password(mark=mark), NeedFactor)


async def test_a_block_ends_by_itself(city: City, elsewhere: LockService) -> None:
    await elsewhere.block(DESK, BlockOrder(address=HOME, minutes=1, reason="x"))
    assert isinstance(await city.password(), Throttled)
    city.wait(timedelta(minutes=1))
    assert isinstance(await city.password(), NeedFactor)


@pytest.mark.parametrize(
    "address,blocked,free",
    [
        ("2001:db8:0:1::7", "2001:db8:0:1:ffff::1", "2001:db8:0:2::1"),
        ("2001:db8:7::/48", "2001:db8:7:9::1", "2001:db8:8::1"),
        ("198.51.0.0/16", "198.51.200.9", "198.52.0.1"),
        ("::ffff:198.51.100.9", "198.51.100.9", "198.51.100.10"),
    ],
)
async def test_networks_are_blocked_as_a_whole(sqlite_store: SqlStore, address: str, blocked: str, free: str) -> None:
    city = await open_city(sqlite_store)
    await LockService(sqlite_store).block(DESK, BlockOrder(address=address, minutes=5, reason="x"))
    assert isinstance(await city.password(address=blocked), Throttled)
    assert isinstance(await city.password(address=free), NeedFactor)


@pytest.mark.parametrize(
    "address,minutes,refusal",
    [
        ("", 5, LockRefusal.ADDRESS_INVALID),
        ("everywhere", 5, LockRefusal.ADDRESS_INVALID),
        ("0.0.0.0/0", 5, LockRefusal.ADDRESS_INVALID),
        ("203.0.113.0/25", 5, LockRefusal.ADDRESS_INVALID),
        ("::/0", 5, LockRefusal.ADDRESS_INVALID),
        ("203.0.113.9\n", 0, LockRefusal.MINUTES_INVALID),
        ("203.0.113.9", 43_201, LockRefusal.MINUTES_INVALID),
        ("10.1.2.0/24", 5, LockRefusal.OWN_ADDRESS),
    ],
)
async def test_what_is_no_address_or_ones_own_is_refused_with_the_field(
    sqlite_store: SqlStore, address: str, minutes: int, refusal: LockRefusal
) -> None:
    outcome = await LockService(sqlite_store).block(DESK, BlockOrder(address=address, minutes=minutes, reason="x"))
    assert isinstance(outcome, LockRefused)
    assert outcome.refusal is refusal
    assert outcome.why.startswith(("address: ", "minutes: "))
