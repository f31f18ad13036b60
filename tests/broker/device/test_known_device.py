"""A device with a valid certificate is known wherever it is: strangers' failures never stop it, its own do."""

import pytest

from broker.model.arrival import Arrival
from broker.model.kinds import Origin, Segment
from broker.model.place import Place
from broker.secret import Secret
from broker.signin.records import CodeAttempt, NeedFactor, PasswordAttempt, PasswordOutcome, SignedIn, Throttled
from broker.store import SqlStore
from tests.broker.device.desk import Desk, der_of
from tests.broker.signin.city import HOST, TENANT, City, make_settings, open_city

SIM = Place(origin=Origin.CLOSED_SIM, segment=Segment.WIRELESS)
LINE = "100.64.0.9"
"""The carrier's one address for everybody on the line."""


@pytest.fixture
async def city(sqlite_store: SqlStore) -> City:
    plain = await open_city(sqlite_store)
    patient = make_settings(
        base_block_s=600, max_account_block_s=600, free_failures_per_account=6, free_failures_per_address=10
    )
    return City(sqlite_store, plain.directory, plain.sealing, patient)


async def knock(city: City, login: str, password: str, der: bytes | None, *, address: str = LINE) -> PasswordOutcome:
    arrival = Arrival(entrance="sim", address=address, place=SIM, certificate_der=der)
    typed = Secret(password)
    return await city.signin.submit_password(
        PasswordAttempt(hostname=HOST, login=login, password=typed, arrival=arrival, user_agent="")
    )


async def fill_the_line(city: City) -> None:
    """Eleven names from the shared address, and the owner's from everywhere."""
    for number in range(11):
        await knock(city, f"name{number}", "wrong", None)
    for number in range(7):
        await knock(city, "yamada", "wrong", None, address=f"198.51.100.{number}")
    assert isinstance(await knock(city, "yamada", "yamada-secret", None), Throttled)


async def test_a_flood_against_a_name_and_its_line_does_not_stop_the_owner_at_their_device(city: City) -> None:
    der = der_of(await Desk(city.store, TENANT).enrol())
    await fill_the_line(city)
    assert isinstance(await knock(city, "yamada", "yamada-secret", der), NeedFactor)
    assert isinstance(await knock(city, "suzuki", "suzuki-secret", der), Throttled), "another owner's device is no help"


async def test_at_ones_device_ones_own_failures_count(city: City) -> None:
    der = der_of(await Desk(city.store, TENANT).enrol())
    for _ in range(city.settings.free_failures + 1):
        assert isinstance(await knock(city, "yamada", "wrong", der), NeedFactor)
    assert isinstance(await knock(city, "yamada", "yamada-secret", der, address="203.0.113.5"), Throttled)
    assert isinstance(await knock(city, "yamada", "yamada-secret", None, address="203.0.113.5"), NeedFactor)


async def test_a_device_that_was_lost_is_known_no_more(city: City) -> None:
    desk = Desk(city.store, TENANT)
    issued = await desk.enrol()
    await fill_the_line(city)
    assert isinstance(await knock(city, "yamada", "yamada-secret", der_of(issued)), NeedFactor)
    await desk.devices.revoke(desk.actor, issued.device.id, "紛失")
    assert isinstance(await knock(city, "yamada", "yamada-secret", der_of(issued)), Throttled)


async def sign_in_at(city: City, login: str, der: bytes) -> None:
    asked = await knock(city, login, f"{login}-secret", der)
    assert isinstance(asked, NeedFactor)
    arrival = Arrival(entrance="sim", address=LINE, place=SIM, certificate_der=der)
    typed = CodeAttempt(pending=asked.pending, code=await city.app_code(login), arrival=arrival, user_agent="")
    assert isinstance(await city.signin.submit_code(typed), SignedIn)


async def test_a_shared_device_in_wrong_hands_tries_no_name_after_the_other(city: City) -> None:
    der = der_of(await Desk(city.store, TENANT).enrol(owner=""))
    outcomes = [await knock(city, f"name{number}", "Summer2026!", der) for number in range(30)]
    assert isinstance(outcomes[-1], Throttled), "the address that all of it comes from has to wait"
    refused = await city.audit("signin.password")
    assert len(refused) < 30


async def test_a_shared_device_is_known_for_whoever_has_signed_in_at_it(city: City) -> None:
    await city.enrol("yamada")
    der = der_of(await Desk(city.store, TENANT).enrol(owner=""))
    await sign_in_at(city, "yamada", der)
    await fill_the_line(city)
    assert isinstance(await knock(city, "yamada", "yamada-secret", der, address="203.0.113.7"), NeedFactor)
    assert isinstance(await knock(city, "suzuki", "suzuki-secret", der), Throttled)
