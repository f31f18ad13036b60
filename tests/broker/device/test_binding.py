"""A sign-in with a device's certificate is bound to that device, until the browser leaves or the device is lost."""

import pytest
from msgspec.structs import replace

from broker.model.arrival import Arrival
from broker.model.kinds import CertificateState, DeviceKind, Origin, Segment
from broker.model.place import Place
from broker.model.reasons import SignedOutCause
from broker.signin.records import Authenticated, SignedIn, SignedOut
from broker.store import SqlStore
from tests.broker.device.desk import Desk, der_of
from tests.broker.signin.city import HOME, STEP, TENANT, City, open_city

SIM = Place(origin=Origin.CLOSED_SIM, segment=Segment.WIRELESS)


def arriving(der: bytes | None, entrance: str = "sim") -> Arrival:
    return Arrival(entrance=entrance, address=HOME, place=SIM, certificate_der=der)


@pytest.fixture
async def city(sqlite_store: SqlStore) -> City:
    return await open_city(sqlite_store)


@pytest.fixture
async def desk(city: City) -> Desk:
    return Desk(city.store, TENANT)


async def sign_in(city: City, der: bytes | None, login: str = "yamada") -> SignedIn:
    """Password and code over the closed SIM line, with whatever the device shows."""
    if login not in city.secrets:
        await city.enrol(login)
    pending = await city.pending(login)
    attempt = replace(city.attempt(pending, await city.app_code(login, offset=1)), arrival=arriving(der))
    outcome = await city.signin.submit_code(attempt)
    assert isinstance(outcome, SignedIn), outcome
    return outcome


async def test_the_session_knows_its_device_and_the_audit_tells_it(city: City, desk: Desk) -> None:
    issued = await desk.enrol()
    signed_in = await sign_in(city, der_of(issued))
    session = signed_in.session
    assert session.device_id == issued.device.id
    assert session.place == replace(SIM, device=DeviceKind.MANAGED, certificate=CertificateState.VALID)
    told = (await city.audit("signin.succeeded"))[0].detail
    assert (told["device"], told["certificate"], told["entrance"]) == (issued.device.id, "valid", "sim")
    async with city.store.read() as tx:
        seen = await tx.devices.get_device(TENANT, issued.device.id)
    assert seen is not None
    assert (seen.last_address, seen.last_seen_at is not None) == (HOME, True)
    found = await city.signin.authenticate(signed_in.token, arriving(der_of(issued)))
    assert isinstance(found, Authenticated)
    assert found.session.device_id == issued.device.id


@pytest.mark.parametrize("who", ["suzuki", "佐藤"])
async def test_on_somebody_elses_device_the_sign_in_holds_and_the_device_counts_for_nothing(
    city: City, desk: Desk, who: str
) -> None:
    session = (await sign_in(city, der_of(await desk.enrol()), who)).session
    assert (session.device_id, session.device, session.certificate) == (
        None,
        DeviceKind.NONE,
        CertificateState.OTHER_OWNER,
    )


async def test_a_cookie_without_its_device_ends_the_session(city: City, desk: Desk) -> None:
    signed_in = await sign_in(city, der_of(await desk.enrol()))
    gone = await city.signin.authenticate(signed_in.token, arriving(None))
    assert gone == SignedOut(SignedOutCause.DEVICE_MISSING)
    assert (await city.audit("websession.ended"))[0].detail == {"reason": "device_missing"}


async def test_a_cookie_on_another_device_ends_the_session(city: City, desk: Desk) -> None:
    first, second = await desk.enrol(), await desk.enrol(name="PC-0102")
    signed_in = await sign_in(city, der_of(first))
    gone = await city.signin.authenticate(signed_in.token, arriving(der_of(second)))
    assert gone == SignedOut(SignedOutCause.DEVICE_OTHER)
    assert await city.signin.authenticate(signed_in.token, arriving(der_of(first))) is None


async def test_a_renewed_certificate_of_the_same_device_goes_on(city: City, desk: Desk) -> None:
    issued = await desk.enrol()
    signed_in = await sign_in(city, der_of(issued))
    renewed = await desk.renew(issued)
    assert isinstance(await city.signin.authenticate(signed_in.token, arriving(der_of(renewed))), Authenticated)
    assert isinstance(await city.signin.authenticate(signed_in.token, arriving(der_of(issued))), Authenticated)


async def test_a_certificate_that_ended_ends_the_session(city: City, desk: Desk) -> None:
    issued = await desk.enrol()
    await desk.renew(issued, ends_old=False)
    signed_in = await sign_in(city, der_of(issued))
    await desk.renew(issued, ends_old=True)
    gone = await city.signin.authenticate(signed_in.token, arriving(der_of(issued)))
    assert gone == SignedOut(SignedOutCause.DEVICE_REFUSED)


async def test_a_revoked_device_has_no_session_left_and_others_keep_theirs(city: City, desk: Desk) -> None:
    lost, kept = await desk.enrol(), await desk.enrol(name="PC-0102")
    on_lost = await sign_in(city, der_of(lost))
    city.wait(2 * STEP)
    on_kept = await sign_in(city, der_of(kept))
    await desk.devices.revoke(desk.actor, lost.device.id, "紛失")
    assert await city.signin.authenticate(on_lost.token, arriving(der_of(lost))) is None
    assert isinstance(await city.signin.authenticate(on_kept.token, arriving(der_of(kept))), Authenticated)
    (record,) = await city.audit("device.revoked")
    assert record.detail["web_sessions"] == "1"


async def test_a_session_that_began_without_a_device_gains_none_later(city: City, desk: Desk) -> None:
    signed_in = await sign_in(city, None)
    found = await city.signin.authenticate(signed_in.token, arriving(der_of(await desk.enrol())))
    assert isinstance(found, Authenticated)
    assert (found.session.device_id, found.session.certificate) == (None, CertificateState.ABSENT)
