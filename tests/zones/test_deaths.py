"""A gateway or an entrance that dies takes nobody along but its own people."""

import aiohttp
import pytest

from sekisho.smoke.steps import SmokeFailed
from tests.separation.ledger import Ledger
from tests.zones.city import City
from tests.zones.map import LGWAN
from tests.zones.people import People
from tests.zones.staff import Seat, at

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


async def sign_in(seat: Seat) -> None:
    await seat.sign_in()


async def look(seat: Seat) -> int:
    await seat.sign_in()
    async with seat.desktop(LGWAN) as tunnel:
        return tunnel.drawn_frames


def test_a_gateways_death_leaves_the_others_pictures(city: City, people: People, ledger: Ledger) -> None:
    async def work_on(seat: Seat) -> None:
        await seat.sign_in()
        async with seat.desktop(LGWAN) as tunnel:
            before = await tunnel.wait_quiet(30.0)
            city.processes.kill("gateway-office")
            await tunnel.click(240, 200)
            await tunnel.press([ord(letter) for letter in "date"])
            await tunnel.wait_drawn(before, 15.0)

    colleague = people.at("client-office")
    try:
        at("client-home", people.at("client-home"), work_on)
        with pytest.raises(SmokeFailed):
            at("client-office", colleague, look)
    finally:
        city.start_gateway("office")
    assert at("client-office", colleague, look) > 0
    ledger.record("zones", "gateway_killed", paths=3, finds=[])


def test_an_entrances_death_leaves_the_others_open(city: City, people: People, ledger: Ledger) -> None:
    city.processes.kill("entrance-sim")
    try:
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            at("client-sim", people.at("client-sim"), sign_in)
        assert at("client-office", people.newcomer(), look) > 0
    finally:
        city.start_entrance("sim")
    assert at("client-sim", people.at("client-sim"), look) > 0
    ledger.record("zones", "entrance_killed", paths=3, finds=[])
