"""Staff at every client: in through their own entrance, to the zones that are theirs there, and nowhere else."""

import aiohttp
import pytest

from broker.model.reasons import DenyReason
from sekisho.smoke.steps import SmokeFailed
from tests.separation.ledger import Ledger
from tests.zones.map import LGWAN, RESIDENT
from tests.zones.people import People
from tests.zones.site import POOL_OF_ZONE
from tests.zones.staff import Seat, at

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.mark.parametrize("client", ["client-office", "client-wifi", "client-sim", "client-home"])
def test_the_picture_crosses_from_every_client(people: People, ledger: Ledger, client: str) -> None:
    """Password, code, the device's certificate where it is asked for; then an LGWAN desktop is seen and typed to."""

    async def work(seat: Seat) -> int:
        await seat.sign_in()
        async with seat.desktop(LGWAN) as tunnel:
            before = await tunnel.wait_quiet(30.0)
            await tunnel.click(240, 200)
            await tunnel.press([ord(letter) for letter in "echo sekisho"])
            return await tunnel.wait_drawn(before, 15.0)

    frames = at(client, people.at(client), work)
    ledger.record("zones", f"picture_at_{client}", paths=1, finds=[], frames=frames)


REFUSED = {
    "client-wifi": DenyReason.SEGMENT_NOT_ALLOWED,
    "client-sim": DenyReason.ORIGIN_NOT_ALLOWED,
    "client-home": DenyReason.ORIGIN_NOT_ALLOWED,
}


@pytest.mark.parametrize("client", REFUSED)
def test_the_resident_zone_is_refused_with_its_reason(people: People, ledger: Ledger, client: str) -> None:
    async def ask(seat: Seat) -> str:
        await seat.sign_in()
        refusals = await seat.refusals()
        assert refusals[POOL_OF_ZONE[LGWAN]] is None
        with pytest.raises(SmokeFailed, match=REFUSED[client]):
            await seat.ask("POST", f"/api/v1/pools/{POOL_OF_ZONE[RESIDENT]}/open")
        return str(refusals[POOL_OF_ZONE[RESIDENT]])

    refusal = at(client, people.at(client), ask)
    finds = [] if refusal == REFUSED[client] else [f"{client}: the resident zone answers {refusal}"]
    ledger.record("zones", f"resident_at_{client}", paths=1, finds=finds)
    assert refusal == REFUSED[client]


def test_the_resident_zone_opens_on_the_offices_wires(people: People, ledger: Ledger) -> None:
    async def work(seat: Seat) -> int:
        await seat.sign_in()
        async with seat.desktop(RESIDENT) as tunnel:
            return await tunnel.wait_drawn(0, 30.0)

    frames = at("client-office", people.at("client-office"), work)
    ledger.record("zones", "resident_at_client-office", paths=1, finds=[], frames=frames)


@pytest.mark.parametrize("client", ["client-sim", "client-home"])
def test_without_a_devices_certificate_nobody_opens_anything(people: People, client: str) -> None:
    async def ask(seat: Seat) -> object:
        await seat.sign_in()
        return await seat.refusals()

    stranger = people.without_device()
    try:
        refusals = at(client, stranger, ask)
    except (SmokeFailed, aiohttp.ClientError):
        return  # the entrance did not even show its pages
    assert isinstance(refusals, dict)
    assert all(refusals.values())


def test_a_foreign_entrance_does_not_answer(people: People) -> None:
    """Not even with the right name and a good certificate: the line is not there."""

    async def ask(seat: Seat) -> None:
        await seat.sign_in()

    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        at("client-home", people.at("client-home"), ask, entrance="office")
