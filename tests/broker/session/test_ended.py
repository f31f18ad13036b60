"""Who was away when their work ended is told for a day."""

from broker.model.kinds import Role
from broker.model.reasons import EndReason
from tests.broker.city import City
from tests.factories import SHARED, an_actor


async def test_an_end_by_the_desk_is_told_for_a_day(city: City) -> None:
    session, _ = await city.work(1)
    await city.sessions.disconnect(city.person(), session.id)
    await city.sessions.terminate(an_actor(Role.TENANT_ADMIN), session.id, "保守のため")
    (end,) = await city.sessions.ended_lately(city.person())
    assert (end.pool.id, end.reason) == (SHARED, EndReason.TERMINATED)
    assert end.ended_at == (await city.session(session.id)).ended_at
    assert await city.sessions.ended_lately(city.person(2)) == []
    city.pass_time(24 * 3600 + 1)
    assert await city.sessions.ended_lately(city.person()) == []


async def test_ones_own_log_off_is_no_news(city: City) -> None:
    session, _ = await city.work(1)
    await city.sessions.log_off(city.person(), session.id)
    assert await city.sessions.ended_lately(city.person()) == []


async def test_the_desk_sees_who_is_connected_and_who_left_work_behind(city: City) -> None:
    await city.work(1)
    left, _ = await city.work(2)
    await city.sessions.disconnect(city.person(2), left.id)
    summaries = await city.pools.summaries(an_actor(Role.TENANT_ADMIN))
    assert isinstance(summaries, list)
    shared = next(one for one in summaries if one.pool.id == SHARED)
    assert (shared.live_sessions, shared.connected, shared.disconnected) == (2, 1, 1)
