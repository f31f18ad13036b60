"""A signed-in browser: how long it counts, and how it ends."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from broker.model.arrival import Arrival
from broker.model.kinds import DeviceKind, Origin, Role, Segment
from broker.model.place import Place
from broker.model.reasons import SignedOutCause
from broker.secret import Secret
from broker.signin.records import Authenticated, SignedIn, SignedOut
from tests.broker.signin.city import HOME, OFFICE, TENANT, City, from_address


async def test_the_cookie_shows_the_person_as_they_are_now(city: City) -> None:
    token = (await city.enrol()).token
    user = await city.user()
    async with city.store.write() as tx:
        await tx.people.put_user(replace(user, groups=frozenset({"new"}), roles=frozenset({Role.AUDITOR})))
    found = await city.signin.authenticate(token, from_address(OFFICE))
    assert isinstance(found, Authenticated)
    assert (found.user.groups, found.user.roles) == (frozenset({"new"}), frozenset({Role.AUDITOR}))


async def test_the_session_is_shown_where_it_is_used_now(city: City) -> None:
    token = (await city.enrol()).token
    found = await city.signin.authenticate(token, from_address("192.0.2.77"))
    assert isinstance(found, Authenticated)
    assert found.session.address == "192.0.2.77"


async def test_a_cookie_at_another_entrance_ends_its_session_and_says_so(city: City) -> None:
    """Stolen or carried away: what the first entrance proved does not hold at the second."""
    token = (await city.enrol()).token
    elsewhere = from_address(OFFICE, entrance="internet")
    assert await city.signin.authenticate(token, elsewhere) == SignedOut(SignedOutCause.OTHER_ENTRANCE)
    assert await city.signin.authenticate(token, elsewhere) is None
    assert await city.signin.authenticate(token, from_address(OFFICE)) is None
    assert [record.detail for record in await city.audit("websession.ended")] == [{"reason": "other_entrance"}]


async def test_a_session_keeps_the_place_that_its_entrance_vouched_for(city: City) -> None:
    await city.enrol()
    pending = await city.pending()
    place = Place(origin=Origin.CLOSED_SIM, segment=Segment.WIRELESS, device=DeviceKind.MANAGED)
    arrival = Arrival(entrance="sim", address=HOME, place=place)
    attempt = replace(city.attempt(pending, await city.app_code()), arrival=arrival)
    outcome = await city.signin.submit_code(attempt)
    assert isinstance(outcome, SignedIn)
    found = await city.signin.authenticate(outcome.token, arrival)
    assert isinstance(found, Authenticated)
    assert (found.session.entrance, found.session.place) == ("sim", place)


@pytest.mark.parametrize("cookie", ["", "nonsense", "A" * 43, "x" * 100_000, "日本語", "\udcff"])
async def test_a_made_up_cookie_is_nobodys(city: City, cookie: str) -> None:
    await city.enrol()
    assert await city.signin.authenticate(Secret(cookie), from_address(HOME)) is None
    assert await city.signin.sign_out(Secret(cookie)) is None


async def test_the_tunnels_cookie_does_not_open_the_portal(city: City) -> None:
    """What the gateway sees is worth nothing at the portal."""
    signed_in = await city.enrol()
    assert await city.signin.authenticate(signed_in.tunnel, from_address(HOME)) is None


async def test_an_idle_browser_is_signed_out_and_the_audit_says_why(city: City) -> None:
    token = (await city.enrol()).token
    city.wait(timedelta(seconds=city.settings.idle_limit_s))
    assert await city.signin.authenticate(token, from_address(OFFICE)) is None
    assert await city.signin.authenticate(token, from_address(OFFICE)) is None
    assert [record.detail for record in await city.audit("websession.ended")] == [{"reason": "idle"}]


async def test_who_goes_on_working_stays_signed_in_until_the_absolute_limit(city: City) -> None:
    signed_in = await city.enrol()
    while await city.now() < signed_in.session.expires_at:
        assert isinstance(await city.signin.authenticate(signed_in.token, from_address(OFFICE)), Authenticated)
        city.wait(timedelta(seconds=city.settings.idle_limit_s - 60))
    assert await city.signin.authenticate(signed_in.token, from_address(OFFICE)) is None
    assert (await city.audit("websession.ended"))[0].detail == {"reason": "expired"}


async def test_being_seen_is_written_down_at_most_once_a_minute(city: City) -> None:
    signed_in = await city.enrol()

    async def seen_at() -> object:
        async with city.store.read() as tx:
            session = await tx.signin.get_web_session(signed_in.session.token_hash)
        assert session is not None
        return session.seen_at

    await city.signin.authenticate(signed_in.token, from_address(OFFICE))
    first = await seen_at()
    city.wait(timedelta(seconds=40))
    await city.signin.authenticate(signed_in.token, from_address(OFFICE))
    assert await seen_at() == first
    city.wait(timedelta(seconds=30))
    await city.signin.authenticate(signed_in.token, from_address(OFFICE))
    assert await seen_at() != first


async def test_a_locked_person_is_out_at_the_next_click(city: City) -> None:
    token = (await city.enrol()).token
    await city.lock()
    assert await city.signin.authenticate(token, from_address(OFFICE)) is None


async def test_signing_out_ends_this_browser_once_and_no_other(city: City) -> None:
    one, other = await city.enrol(), await city.sign_in()
    results = await asyncio.gather(*(city.signin.sign_out(one.token) for _ in range(5)))
    assert sum(result is not None for result in results) == 1
    assert await city.signin.authenticate(one.token, from_address(OFFICE)) is None
    assert await city.signin.authenticate(other.token, from_address(OFFICE)) is not None
    assert [record.detail for record in await city.audit("websession.ended")] == [{"reason": "signed_out"}]


async def test_signing_out_everywhere_ends_all_of_ones_own(city: City) -> None:
    mine = [await city.enrol(), await city.sign_in()]
    theirs = await city.enrol("suzuki")
    user = mine[0].user
    assert await city.signin.sign_out_everywhere(TENANT, user.id, actor=f"user:{user.id}") == 2
    assert await city.signin.sign_out_everywhere(TENANT, user.id, actor=f"user:{user.id}") == 0
    for each in mine:
        assert await city.signin.authenticate(each.token, from_address(OFFICE)) is None
    assert await city.signin.authenticate(theirs.token, from_address(OFFICE)) is not None
    (record,) = await city.audit("websession.ended")
    assert record.detail == {"reason": "signed_out_everywhere", "count": "2"}
