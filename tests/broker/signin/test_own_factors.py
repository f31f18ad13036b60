"""認証方法: people change their own factors, with a fresh one, and never give away the last."""

import asyncio
from datetime import timedelta

from msgspec.structs import replace
from pyotp.totp import TOTP

from broker.model.kinds import Role
from broker.signin.factor_records import CodesGiven, FactorChanged, FactorDenied, FactorRefusal
from broker.signin.own_factors import MAX_PASSKEYS
from broker.signin.records import Authenticated, EnrolmentOffer, PasskeyQuestion, Refused, SignedIn
from broker.store import SqlStore
from tests.broker.signin.city import HOME, HOST, OFFICE, ORIGIN, PASSKEY_RULES, City, from_address, open_city
from tests.fakes.security_key import SecurityKey

DONE = FactorChanged()


async def fresh(city: City, login: str = "yamada") -> Authenticated:
    """Signed in just now by the app."""
    await city.enrol(login)
    return await city.authenticated(await city.sign_in(login))


async def add_key(city: City, auth: Authenticated, key: SecurityKey, name: str = "鍵") -> FactorChanged | FactorDenied:
    asked = await city.signin.factors.ask_passkey(auth, HOST)
    if isinstance(asked, FactorDenied):
        return asked
    return await city.signin.factors.add_passkey(auth, HOST, key.make(asked.options), name)


async def test_a_second_key_is_added_renamed_and_removed(store: SqlStore) -> None:
    city = await open_city(store)
    auth = await fresh(city)
    desk = city.signin.factors
    key = SecurityKey(ORIGIN)
    assert await add_key(city, auth, key, "  職場の\u202e鍵  ") == DONE
    own = await desk.overview(auth)
    [passkey] = own.passkeys
    assert passkey.name == "職場の鍵"
    assert own.factors == 2
    assert isinstance(await city.sign_in_by_key(key), SignedIn)
    assert await desk.rename_passkey(auth, passkey.id, "自宅の鍵") == DONE
    assert [one.name for one in (await desk.overview(auth)).passkeys] == ["自宅の鍵"]
    assert await desk.remove_passkey(auth, passkey.id) == DONE
    assert isinstance(await city.sign_in_by_key(key), Refused), "a removed key is refused"
    assert (await city.causes())[0] == "passkey_unknown"
    told = [(line.event, line.detail.get("name")) for line in await city.audit("factor.")]
    assert told[:3] == [("factor.removed", "自宅の鍵"), ("factor.renamed", "自宅の鍵"), ("factor.added", "職場の鍵")]


async def test_everything_wants_a_fresh_factor(city: City) -> None:
    auth = await fresh(city)
    desk = city.signin.factors
    assert await add_key(city, auth, SecurityKey(ORIGIN)) == DONE
    [passkey] = (await desk.overview(auth)).passkeys
    city.wait(timedelta(minutes=11))
    denied = FactorDenied(FactorRefusal.STEP_UP_NEEDED)
    assert await desk.ask_passkey(auth, HOST) == denied
    assert await desk.add_passkey(auth, HOST, "{}", "x") == denied
    assert await desk.rename_passkey(auth, passkey.id, "x") == denied
    assert await desk.remove_passkey(auth, passkey.id) == denied
    assert await desk.offer_app(auth) == denied
    assert await desk.confirm_app(auth, "123456") == denied
    assert await desk.remove_app(auth) == denied
    assert await desk.renew_codes(auth) == denied
    await city.signin.step_up_by_code(auth, await city.app_code())
    assert await desk.rename_passkey(auth, passkey.id, "x") == DONE


async def test_the_last_factor_stays(city: City) -> None:
    auth = await fresh(city)
    desk, last = city.signin.factors, FactorDenied(FactorRefusal.LAST_FACTOR)
    assert await desk.remove_app(auth) == last
    key = SecurityKey(ORIGIN)
    assert await add_key(city, auth, key) == DONE
    assert await desk.remove_app(auth) == DONE
    [passkey] = (await desk.overview(auth)).passkeys
    assert await desk.remove_passkey(auth, passkey.id) == last
    assert await desk.remove_app(auth) == FactorDenied(FactorRefusal.NO_APP)
    assert isinstance(await city.sign_in_by_key(key), SignedIn)


async def test_two_removals_at_once_leave_one_factor(store: SqlStore) -> None:
    city = await open_city(store)
    auth = await fresh(city)
    desk = city.signin.factors
    assert await add_key(city, auth, SecurityKey(ORIGIN)) == DONE
    [passkey] = (await desk.overview(auth)).passkeys
    await asyncio.gather(desk.remove_app(auth), desk.remove_passkey(auth, passkey.id))
    assert (await desk.overview(auth)).factors == 1


async def test_who_lost_the_phone_sets_up_a_new_app_after_a_recovery_code(city: City) -> None:
    await city.enrol()
    before = city.secrets["yamada"]
    entered = await city.code(await city.pending(), city.recovery_codes[0])
    assert isinstance(entered, SignedIn)
    auth = await city.authenticated(entered)
    desk = city.signin.factors
    offer = await desk.offer_app(auth)
    assert isinstance(offer, EnrolmentOffer)
    assert await desk.offer_app(auth) == offer, "the same at each look"
    secret = offer.text_key.replace(" ", "")
    assert secret != before
    assert await desk.confirm_app(auth, await city.app_code()) == FactorDenied(FactorRefusal.WRONG_CODE)
    assert await desk.confirm_app(auth, TOTP(secret).at(await city.now())) == DONE
    city.wait(timedelta(minutes=1))
    old = await city.code(await city.pending(), await city.app_code())
    assert isinstance(old, Refused), "the lost phone signs nobody in"
    city.secrets["yamada"] = secret
    assert isinstance(await city.sign_in(), SignedIn)
    assert (await city.audit("factor."))[0].event == "factor.replaced"
    again = await desk.offer_app(auth)
    assert again != offer, "a replaced app is not offered a second time"


async def test_taking_a_factor_away_signs_out_the_other_browsers(city: City) -> None:
    auth = await fresh(city)
    elsewhere = await city.sign_in()
    assert await add_key(city, auth, SecurityKey(ORIGIN)) == DONE
    assert isinstance(await city.authenticated(elsewhere), Authenticated)
    assert await city.signin.factors.remove_app(auth) == DONE
    assert await city.signin.authenticate(elsewhere.token, from_address(HOME)) is None
    assert [line.detail["reason"] for line in await city.audit("websession.ended")] == ["factor_changed"]


async def test_new_recovery_codes_replace_the_old_ones(city: City) -> None:
    auth = await fresh(city)
    old = city.recovery_codes
    given = await city.signin.factors.renew_codes(auth)
    assert isinstance(given, CodesGiven)
    assert len(set(given.codes) - set(old)) == 10
    assert isinstance(await city.code(await city.pending(), old[0]), Refused)
    assert isinstance(await city.code(await city.pending(), given.codes[0]), SignedIn)
    assert (await city.audit("recovery_code.renewed"))[0].actor == f"user:{auth.user.id}"


async def test_the_next_sign_in_is_told_of_a_change(city: City) -> None:
    auth = await fresh(city)
    assert await add_key(city, auth, SecurityKey(ORIGIN), "知らない鍵") == DONE
    desk = city.signin.factors
    assert await desk.notice(auth) is None, "this browser made it"
    city.wait(timedelta(minutes=1))
    notice = await desk.notice(await city.authenticated(await city.sign_in()))
    assert notice is not None
    assert (notice.what, notice.name) == ("factor.added", "知らない鍵")
    city.wait(timedelta(days=15))
    assert await desk.notice(await city.authenticated(await city.sign_in())) is None


async def test_a_key_is_one_persons_and_nobody_touches_anothers(city: City) -> None:
    auth, other = await fresh(city), await fresh(city, "suzuki")
    key = SecurityKey(ORIGIN)
    assert await add_key(city, auth, key) == DONE
    assert await add_key(city, other, key) == FactorDenied(FactorRefusal.ALREADY_THERE)
    [passkey] = (await city.signin.factors.overview(auth)).passkeys
    nothing = FactorDenied(FactorRefusal.NO_SUCH_PASSKEY)
    assert await city.signin.factors.remove_passkey(other, passkey.id) == nothing
    assert await city.signin.factors.rename_passkey(other, passkey.id, "mine") == nothing


async def test_a_person_has_so_many_keys_and_no_more(city: City) -> None:
    auth = await fresh(city)
    for number in range(MAX_PASSKEYS):
        assert await add_key(city, auth, SecurityKey(ORIGIN), str(number)) == DONE
    assert await add_key(city, auth, SecurityKey(ORIGIN)) == FactorDenied(FactorRefusal.TOO_MANY)


async def test_a_key_made_elsewhere_or_for_another_session_is_not_added(city: City) -> None:
    auth, other = await fresh(city), await fresh(city, "suzuki")
    desk, refused = city.signin.factors, FactorDenied(FactorRefusal.PASSKEY_REFUSED)
    asked = await desk.ask_passkey(auth, HOST)
    assert isinstance(asked, PasskeyQuestion)
    key = SecurityKey(ORIGIN)
    assert await desk.add_passkey(other, HOST, key.make(asked.options), "x") == refused
    assert await desk.add_passkey(auth, HOST, key.make(asked.options, origin="https://evil.example"), "x") == refused
    causes = [line.detail["cause"] for line in await city.audit("factor.refused")]
    assert causes == ["passkey_origin", "passkey_challenge"]
    assert await desk.ask_passkey(auth, "evil.example") == FactorDenied(FactorRefusal.NO_PASSKEYS_HERE)


async def test_an_administrator_who_needs_a_passkey_keeps_one(sqlite_store: SqlStore) -> None:
    rules = replace(PASSKEY_RULES, required_roles=frozenset({Role.TENANT_ADMIN}))
    city = await open_city(sqlite_store, rules)
    await city.enrol("desk")
    auth = await city.authenticated(await city.sign_in("desk", address=OFFICE), OFFICE)
    assert await add_key(city, auth, SecurityKey(ORIGIN)) == DONE
    [passkey] = (await city.signin.factors.overview(auth)).passkeys
    last = FactorDenied(FactorRefusal.LAST_FACTOR)
    assert await city.signin.factors.remove_passkey(auth, passkey.id) == last
