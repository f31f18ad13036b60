"""Two brokers on one database behave as one: what was used up here is used up there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from broker.signin.records import NeedFactor, Refused, SignedIn, Throttled
from broker.store import SqlStore, open_store
from tests.broker.signin.city import HOME, City, from_address, make_settings, open_city


@pytest.fixture
async def nodes(store: SqlStore, database_url: str) -> AsyncIterator[tuple[City, City]]:
    """On PostgreSQL each with a store of its own; a SQLite file has one owner, whose transactions still compete."""
    one = await open_city(store)
    if database_url.startswith("sqlite"):
        yield one, City(store, one.directory, one.sealing, one.settings)
        return
    second = await open_store(database_url)
    yield one, City(second, one.directory, one.sealing, one.settings)
    await second.close()


def move_time_along(one: City, other: City) -> None:
    if other.store is not one.store:
        other.wait(one.waited)


async def test_of_one_code_on_two_nodes_in_the_same_second_one_counts(nodes: tuple[City, City]) -> None:
    one, other = nodes
    await one.enrol()
    move_time_along(one, other)
    code = await one.app_code()
    attempts = [(node, await node.pending()) for node in (one, other, one, other)]
    outcomes = await asyncio.gather(*(node.code(pending, code) for node, pending in attempts))
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1
    assert await one.causes() == ["code_replayed"] * 3


async def test_one_cookie_and_one_code_on_two_nodes_sign_in_once(nodes: tuple[City, City]) -> None:
    one, other = nodes
    await one.enrol()
    move_time_along(one, other)
    pending, code = await one.pending(), await one.app_code()
    outcomes = await asyncio.gather(*(node.code(pending, code) for node in (one, other) * 3))
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1


async def test_one_recovery_code_on_two_nodes_signs_in_once(nodes: tuple[City, City]) -> None:
    one, other = nodes
    await one.enrol()
    move_time_along(one, other)
    attempts = [(node, await node.pending()) for node in (one, other, one, other)]
    outcomes = await asyncio.gather(*(node.code(pending, one.recovery_codes[0]) for node, pending in attempts))
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1


async def test_two_enrolments_at_the_same_time_leave_one_app(nodes: tuple[City, City]) -> None:
    one, other = nodes
    tries = []
    for node in (one, other):
        pending, offer = await node.offer()
        node.secrets["yamada"] = offer.text_key.replace(" ", "")
        tries.append(node.confirm(pending, await node.app_code()))
    outcomes = await asyncio.gather(*tries)
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1


async def test_failures_are_counted_together(nodes: tuple[City, City]) -> None:
    one, other = nodes
    guesses = [node.password("yamada", "wrong") for node in (one, other) * 10]
    outcomes = await asyncio.gather(*guesses)
    admitted = sum(isinstance(outcome, NeedFactor) for outcome in outcomes)
    assert admitted == make_settings().free_failures + 1
    assert isinstance(await one.password(), Throttled)
    assert isinstance(await other.password(), Throttled)


async def test_wrong_codes_at_the_same_time_are_all_counted(nodes: tuple[City, City]) -> None:
    one, other = nodes
    await one.enrol()
    move_time_along(one, other)
    pending = await one.pending()
    outcomes = await asyncio.gather(*(node.code(pending, "000000") for node in (one, other) * 6))
    refused = [outcome for outcome in outcomes if outcome == Refused(may_retry=True)]
    assert len(refused) == make_settings().max_codes_per_attempt - 1


async def test_signed_out_here_is_signed_out_there(nodes: tuple[City, City]) -> None:
    one, other = nodes
    token = (await one.enrol()).token
    move_time_along(one, other)
    assert await other.signin.authenticate(token, from_address(HOME)) is not None
    await one.signin.sign_out(token)
    assert await other.signin.authenticate(token, from_address(HOME)) is None


async def test_a_flood_at_one_node_is_a_wait_at_the_other_and_the_owners_browser_gets_in_at_both(
    nodes: tuple[City, City],
) -> None:
    one, other = nodes
    await one.enrol()
    mark = (await one.sign_in(address=HOME)).browser_mark
    move_time_along(one, other)
    flood = [one.password("yamada", "wrong", address=f"198.51.100.{number}") for number in range(30)]
    await asyncio.gather(*flood)
    assert isinstance(await other.password(address="192.0.2.50"), Throttled)
    for node, code_offset in ((other, 0), (one, 1)):
        pending = await node.pending(address="192.0.2.50", mark=mark)
        code = await one.app_code(offset=code_offset)
        outcome = await node.signin.submit_code(node.attempt(pending, code, address="192.0.2.50", mark=mark))
        assert isinstance(outcome, SignedIn)
