"""The first day: the authenticator app is enrolled at the office."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.totp import TotpFactor
from auth.webauthn import WebAuthn
from broker.errors import ConfigurationError, SealBroken
from broker.model.arrival import Arrival
from broker.model.kinds import Origin
from broker.model.place import Place
from broker.secret import SealingKey, Secret
from broker.signin.passkey_desk import Passkeys
from broker.signin.records import (
    CodeAttempt,
    EnrolmentOffer,
    MustEnrol,
    NeedFactor,
    PasswordAttempt,
    Refused,
    SignedIn,
)
from broker.signin.service import SigninService
from tests.broker.signin.city import HOME, HOST, OFFICE, TENANT, City, make_settings


async def test_from_the_office_the_password_leads_to_enrolment(city: City) -> None:
    pending, offer = await city.offer()
    assert offer.display_name == "山田 太郎"
    groups = offer.text_key.split(" ")
    assert [len(group) for group in groups] == [4] * 8
    uri = urlsplit(offer.uri)
    assert parse_qs(uri.query) == {"secret": ["".join(groups)], "issuer": ["Sekisho"]}
    assert uri.path == "/Sekisho:yamada%40demo"
    assert not (await city.user()).is_enrolled
    city.secrets["yamada"] = "".join(groups)
    outcome = await city.confirm(pending, await city.app_code())
    assert isinstance(outcome, SignedIn)
    assert outcome.user.is_enrolled
    assert (await city.user()).is_enrolled
    assert outcome.session.factor == "totp"


async def test_ten_recovery_codes_are_shown_once(city: City) -> None:
    codes = (await city.enrol()).recovery_codes
    assert len(set(codes)) == 10
    assert all(len(code) == 14 and code.count("-") == 2 for code in codes)
    assert (await city.sign_in()).recovery_codes == ()


async def test_the_page_may_be_loaded_again_and_shows_the_same_key(city: City) -> None:
    pending, first = await city.offer()
    assert await city.signin.offer_enrolment(pending) == first


async def test_a_wrong_code_does_not_enrol(city: City) -> None:
    pending, _ = await city.offer()
    assert await city.confirm(pending, "000000") == Refused(may_retry=True)
    assert not (await city.user()).is_enrolled
    assert await city.causes() == ["wrong_code"]


async def test_a_code_before_the_key_was_shown_does_not_enrol(city: City) -> None:
    outcome = await city.password("yamada", address="10.0.0.1")
    assert isinstance(outcome, MustEnrol)
    assert isinstance(await city.confirm(outcome.pending, "000000"), Refused)
    assert not (await city.user()).is_enrolled


async def test_the_code_step_does_not_lead_around_enrolment(city: City) -> None:
    pending, _ = await city.offer()
    assert isinstance(await city.code(pending, "000000"), Refused)
    assert await city.causes() == ["not_enrolled"]


async def test_the_code_that_enrolled_is_used_up(city: City) -> None:
    pending, offer = await city.offer()
    city.secrets["yamada"] = offer.text_key.replace(" ", "")
    code = await city.app_code()
    assert isinstance(await city.confirm(pending, code), SignedIn)
    assert isinstance(await city.code(await city.pending(), code), Refused)
    assert await city.causes() == ["code_replayed"]


async def test_an_enrolment_begun_at_the_office_is_not_finished_elsewhere(city: City) -> None:
    pending, offer = await city.offer()
    city.secrets["yamada"] = offer.text_key.replace(" ", "")
    assert isinstance(await city.confirm(pending, await city.app_code(), address=HOME), Refused)
    assert await city.causes() == ["enrolment_not_allowed_here"]
    assert not (await city.user()).is_enrolled


async def test_of_two_browsers_the_faster_one_enrols(city: City) -> None:
    slow, slow_offer = await city.offer()
    await city.enrol()
    kept = city.secrets["yamada"]
    city.secrets["yamada"] = slow_offer.text_key.replace(" ", "")
    assert await city.confirm(slow, await city.app_code()) == Refused(may_retry=False)
    # The first app stays the person's own.
    city.secrets["yamada"] = kept
    assert (await city.sign_in()).user.login == "yamada"


async def test_who_has_an_app_gets_no_second_one_by_password(city: City) -> None:
    pending, _ = await city.offer()
    await city.enrol()
    outcome = await city.password("yamada", address="10.0.0.1")
    assert isinstance(outcome, NeedFactor)
    assert await city.signin.offer_enrolment(outcome.pending) == Refused(may_retry=False)
    assert isinstance(await city.signin.offer_enrolment(pending), EnrolmentOffer)


@pytest.mark.parametrize("when", ["locked", "expired"])
async def test_no_key_is_shown_to_who_is_locked_or_late(city: City, when: str) -> None:
    pending, _ = await city.offer()
    if when == "locked":
        await city.lock()
    else:
        city.wait(timedelta(seconds=city.settings.pending_limit_s))
    assert await city.signin.offer_enrolment(pending) == Refused(may_retry=False)


async def test_without_trusted_networks_nobody_enrols_by_password(city: City) -> None:
    closed = City(city.store, city.directory, city.sealing, make_settings(enrol_networks=[]))
    assert isinstance(await closed.password("yamada", address="10.0.0.1"), NeedFactor)


@pytest.mark.parametrize("origin", [origin for origin in Origin if origin is not Origin.OFFICE])
async def test_an_address_of_the_office_at_another_entrance_enrols_nobody(city: City, origin: Origin) -> None:
    """Private addresses are the same ones everywhere."""
    elsewhere = Arrival(entrance="elsewhere", address=OFFICE, place=Place(origin=origin))
    attempt = PasswordAttempt(
        hostname=HOST, login="yamada", password=Secret("yamada-secret"), arrival=elsewhere, user_agent="Test"
    )
    assert isinstance(await city.signin.submit_password(attempt), NeedFactor)
    begun, offer = await city.offer()
    city.secrets["yamada"] = offer.text_key.replace(" ", "")
    code = await city.app_code()
    late = CodeAttempt(pending=begun, code=code, arrival=elsewhere, user_agent="Test")
    assert isinstance(await city.signin.confirm_enrolment(late), Refused)

    allowed = City(city.store, city.directory, city.sealing, make_settings(enrol_origins=["office", origin]))
    assert isinstance(await allowed.signin.submit_password(attempt), MustEnrol)


async def test_networks_of_both_kinds_count(city: City) -> None:
    both = make_settings(enrol_networks=["192.0.2.0/24", "2001:db8::/32"])
    mixed = City(city.store, city.directory, city.sealing, both)
    for address in ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"):
        assert isinstance(await mixed.password("yamada", address=address), MustEnrol)
    for address in ("198.51.100.1", "2001:db9::1"):
        assert isinstance(await mixed.password("yamada", address=address), NeedFactor)


@pytest.mark.parametrize("network", ["office", "10.0.0.0/33", "10.0.0.1/8"])
def test_a_network_that_is_none_stops_the_start(city: City, network: str) -> None:
    settings = make_settings(enrol_networks=[network])
    with pytest.raises(ConfigurationError, match="enrol_networks"):
        SigninService(city.store, {}, TotpFactor(), city.sealing, settings, Passkeys(WebAuthn(), {}))


async def test_the_secret_is_encrypted_at_rest(city: City) -> None:
    await city.enrol()
    user = await city.user()
    async with city.store.read() as tx:
        enrolment = await tx.signin.get_enrolment(TENANT, user.id)
    assert enrolment is not None
    secret = city.secrets["yamada"]
    assert secret.encode() not in enrolment.secret.blob
    assert city.sealing.open(f"totp:{TENANT}:{user.id}", enrolment.secret).reveal() == secret
    with pytest.raises(SealBroken):
        city.sealing.open(f"totp:{TENANT}:somebody-else", enrolment.secret)


async def test_with_another_sealing_key_nobody_gets_in(city: City) -> None:
    """A missing or swapped key is a fault, never a factor that counts as passed."""
    await city.enrol()
    foreign = City(city.store, city.directory, SealingKey(b"\x07" * 32), city.settings)
    with pytest.raises(SealBroken):
        await foreign.code(await foreign.pending(), await city.app_code())
