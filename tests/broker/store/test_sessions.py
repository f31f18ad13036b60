"""Assignments, sessions, tickets, attachments."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from broker.errors import StoreError
from broker.lifecycle.session import LIVE_STATES, SessionState
from broker.model.ids import GatewayId, PoolId
from broker.model.reasons import EndReason
from broker.secret import hash_token
from broker.store import SqlStore, open_store
from tests.broker.store.rows import (
    CITY,
    OFFICE,
    a_desktop,
    a_pool,
    a_session,
    a_ticket,
    a_user,
    an_assignment,
    an_attachment,
    fill,
)


async def _give_ticket(store: SqlStore, token: str, *, ttl_s: int = 30) -> None:
    await fill(store)
    async with store.write() as tx:
        assert await tx.sessions.add_session(a_session())
        await tx.sessions.add_ticket(a_ticket(a_session(), token, tx.now + timedelta(seconds=ttl_s)))


async def _redeem(store: SqlStore, token: str) -> bool:
    async with store.write() as tx:
        return await tx.sessions.redeem_ticket(hash_token(token))


async def test_a_ticket_is_redeemed_once_however_many_try(store: SqlStore) -> None:
    await _give_ticket(store, "ticket")
    assert sorted(await asyncio.gather(*(_redeem(store, "ticket") for _ in range(10)))) == [False] * 9 + [True]
    async with store.read() as tx:
        ticket = await tx.sessions.get_ticket(hash_token("ticket"))
        assert ticket is not None
        assert ticket.redeemed_at is not None
        assert await tx.sessions.get_ticket(hash_token("another")) is None


@pytest.mark.real
async def test_of_two_brokers_that_redeem_one_ticket_one_gets_it(
    postgresql_store: SqlStore, postgresql_url: str
) -> None:
    second = await open_store(postgresql_url)
    await _give_ticket(postgresql_store, "ticket")
    tries = [_redeem(broker, "ticket") for broker in (postgresql_store, second) for _ in range(5)]
    assert sum(await asyncio.gather(*tries)) == 1
    await second.close()


async def test_a_ticket_that_is_too_old_by_the_databases_clock_is_not_redeemed(store: SqlStore) -> None:
    await _give_ticket(store, "ticket", ttl_s=30)
    store.shift_clock(timedelta(seconds=31))
    assert not await _redeem(store, "ticket")
    store.shift_clock(timedelta(seconds=-5))
    assert await _redeem(store, "ticket")


async def test_a_seat_and_a_person_have_one_assignment_until_it_is_released(store: SqlStore) -> None:
    await fill(store, desktops=3)
    first = an_assignment(a_desktop(1), a_user(1).id)
    async with store.write() as tx:
        assert await tx.sessions.add_assignment(first)
        assert not await tx.sessions.add_assignment(an_assignment(a_desktop(1), a_user(2).id)), "the seat is taken"
        assert not await tx.sessions.add_assignment(an_assignment(a_desktop(2), a_user(1).id)), "the person has one"
        assert await tx.sessions.add_assignment(an_assignment(a_desktop(1), a_user(3).id, seat=2))
        assert await tx.sessions.get_assignment_on(CITY, a_desktop(1).id) == first
        assert await tx.sessions.get_assignment_of(CITY, OFFICE, a_user(1).id) == first
        assert await tx.sessions.release_assignment(first, EndReason.LOGGED_OFF)
        assert not await tx.sessions.release_assignment(first, EndReason.TERMINATED)
        assert await tx.sessions.get_assignment_of(CITY, OFFICE, a_user(1).id) is None
        assert await tx.sessions.add_assignment(an_assignment(a_desktop(2), a_user(1).id))
        assert len(await tx.sessions.list_assignments(CITY)) == 2
        assert await tx.sessions.list_assignments(CITY, PoolId("other")) == []


async def test_one_of_many_concurrent_opens_of_a_person_makes_the_session(store: SqlStore) -> None:
    await fill(store)

    async def begin(number: int) -> bool:
        async with store.write() as tx:
            return await tx.sessions.add_session(a_session(number))

    assert sum(await asyncio.gather(*(begin(number) for number in range(10)))) == 1


@pytest.mark.parametrize("state", sorted(LIVE_STATES))
async def test_every_live_state_keeps_a_second_session_away(sqlite_store: SqlStore, state: SessionState) -> None:
    await fill(sqlite_store)
    async with sqlite_store.write() as tx:
        assert await tx.sessions.add_session(a_session(1, state=state))
        assert not await tx.sessions.add_session(a_session(2))
        assert await tx.sessions.get_live_session_of(CITY, OFFICE, a_user(1).id) == a_session(1, state=state)


async def test_a_session_that_ended_makes_room_and_stays_in_the_books(store: SqlStore) -> None:
    await fill(store, desktops=1)
    first = a_session(1, desktop_id=a_desktop(1).id)
    async with store.write() as tx:
        assert await tx.sessions.add_session(first)
        assert await tx.sessions.get_live_session_on(CITY, a_desktop(1).id) == first
        ended = msgspec.structs.replace(
            first, state=SessionState.ENDED, ended_at=tx.now, end_reason=EndReason.LOGGED_OFF
        )
        after = await tx.sessions.swap_session(first, ended)
        assert after == msgspec.structs.replace(ended, version=2)
        assert await tx.sessions.swap_session(first, ended) is None, "somebody else was first"
        assert await tx.sessions.get_live_session_on(CITY, a_desktop(1).id) is None
        assert await tx.sessions.add_session(a_session(2))
        assert await tx.sessions.list_sessions(CITY) == [a_session(2)]
        assert await tx.sessions.list_sessions(CITY, live_only=False) == [a_session(2), after]
        with pytest.raises(StoreError, match="another one"):
            await tx.sessions.swap_session(first, a_session(2))


async def test_sessions_are_listed_by_person_and_pool_newest_first(store: SqlStore) -> None:
    await fill(store)
    other = PoolId("other")
    async with store.write() as tx:
        await tx.pools.put_pool(a_pool(other))
        for session in (a_session(1), a_session(2, a_user(2).id), a_session(3, pool_id=other)):
            assert await tx.sessions.add_session(session)
        numbers = [it.id for it in await tx.sessions.list_sessions(CITY)]
        assert numbers == ["session-3", "session-2", "session-1"]
        assert [it.id for it in await tx.sessions.list_sessions(CITY, user_id=a_user(1).id)] == [
            "session-3",
            "session-1",
        ]
        assert [it.id for it in await tx.sessions.list_sessions(CITY, pool_id=other)] == ["session-3"]
        assert [it.id for it in await tx.sessions.list_sessions(CITY, limit=1)] == ["session-3"]


async def test_the_queue_serves_whoever_waited_longest(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        for number in (3, 1, 2):
            assert await tx.sessions.add_session(a_session(number, a_user(number).id, state=SessionState.QUEUED))
        assert [it.id for it in await tx.sessions.list_queue(CITY, OFFICE)] == ["session-1", "session-2", "session-3"]


async def test_open_attachments_are_found_by_session_and_by_gateway_until_they_close(store: SqlStore) -> None:
    await fill(store)
    mine, theirs = a_session(1), a_session(2, a_user(2).id)
    async with store.write() as tx:
        for session in (mine, theirs):
            assert await tx.sessions.add_session(session)
        first, second, third = (
            an_attachment(mine, 1),
            an_attachment(mine, 2, "gw-2"),
            an_attachment(theirs, 3),
        )
        for attachment in (first, second, third):
            await tx.sessions.add_attachment(attachment)
        assert await tx.sessions.list_open_attachments(session_id=mine.id) == [first, second]
        assert await tx.sessions.list_open_attachments(gateway_id=GatewayId("gw-1")) == [first, third]
        closed = msgspec.structs.replace(
            first, closed_at=tx.now, close_reason=EndReason.TAKEN_OVER, bytes_to_browser=1 << 40
        )
        await tx.sessions.update_attachment(closed)
        assert await tx.sessions.get_attachment(first.id) == closed
        assert await tx.sessions.list_open_attachments() == [second, third]
        here, elsewhere = {GatewayId("gw-1")}, {GatewayId("gw-2")}
        assert await tx.sessions.list_closed_attachments(here, tx.now) == [closed]
        assert await tx.sessions.list_closed_attachments(here, tx.now + timedelta(seconds=1)) == []
        assert await tx.sessions.list_closed_attachments(elsewhere, tx.now) == []


async def test_events_of_a_gateway_that_arrive_twice_are_taken_once(store: SqlStore) -> None:
    gateway = GatewayId("gw-1")

    async def take(number: int) -> bool:
        async with store.write() as tx:
            if await tx.sessions.get_last_event(gateway, "epoch") >= number:
                return False
            await tx.sessions.put_last_event(gateway, "epoch", number)
            return True

    assert sum(await asyncio.gather(*(take(7) for _ in range(6)))) == 1
    async with store.read() as tx:
        assert await tx.sessions.get_last_event(gateway, "epoch") == 7
        assert await tx.sessions.get_last_event(gateway, "another epoch") == 0
