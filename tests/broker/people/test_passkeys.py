"""The IT desk takes a lost key away, and never the last factor."""

from broker.model.kinds import Role
from broker.model.passkeys import Passkey
from broker.model.reasons import EndReason
from broker.people.passkeys import PasskeyKept, PasskeyRefusal, PasskeyShelf
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import Action, NotAllowed
from broker.signin.records import PasskeyQuestion, Refused
from tests.broker.people.test_people import DESK, Desktops, actor
from tests.broker.signin.city import HOST, OFFICE, ORIGIN, OTHER, TENANT, City, from_address
from tests.fakes.security_key import SecurityKey

_NOT_ALLOWED = NotAllowed(Action.CHANGE_PEOPLE)


async def test_a_lost_key_signs_nobody_in_any_more(city: City) -> None:
    entered, lost = await city.enrol_key()
    auth = await city.authenticated(entered, OFFICE)
    asked = await city.signin.factors.ask_passkey(auth, HOST)
    assert isinstance(asked, PasskeyQuestion)
    await city.signin.factors.add_passkey(auth, HOST, SecurityKey(ORIGIN).make(asked.options), "予備")
    desktops = Desktops()
    shelf = PasskeyShelf(city.store, desktops)
    keys = await shelf.list_of(DESK, auth.user.id)
    assert not isinstance(keys, NotAllowed | NoSuchPerson)
    assert [key.name for key in keys] == ["職場の鍵", "予備"]
    assert isinstance(await shelf.remove(DESK, auth.user.id, keys[0].id, "紛失の届出"), Passkey)
    assert await city.signin.authenticate(entered.token, from_address(OFFICE)) is None
    assert desktops.asked == [("disconnect", TENANT, auth.user.id, EndReason.SIGNED_OUT)]
    assert isinstance(await city.sign_in_by_key(lost), Refused)
    [line] = await city.audit("factor.removed")
    assert (line.actor, line.detail["name"], line.detail["reason"]) == ("user:desk", "職場の鍵", "紛失の届出")
    last = await shelf.remove(DESK, auth.user.id, keys[1].id, "紛失の届出")
    assert last == PasskeyKept(PasskeyRefusal.LAST_FACTOR)
    again = await shelf.remove(DESK, auth.user.id, keys[0].id, "紛失の届出")
    assert again == PasskeyKept(PasskeyRefusal.NO_SUCH_PASSKEY)


async def test_only_who_may_change_people_takes_keys_away(city: City) -> None:
    entered, _key = await city.enrol_key()
    user = entered.user
    shelf = PasskeyShelf(city.store, Desktops())
    keys = await shelf.list_of(actor(Role.AUDITOR), user.id)
    assert not isinstance(keys, NotAllowed | NoSuchPerson)
    key_id = keys[0].id
    assert await shelf.remove(actor(Role.AUDITOR), user.id, key_id, "x") == _NOT_ALLOWED
    themselves = actor(Role.TENANT_ADMIN, name=f"user:{user.id}")
    assert await shelf.remove(themselves, user.id, key_id, "x") == _NOT_ALLOWED
    assert await shelf.remove(actor(Role.TENANT_ADMIN, tenant_id=OTHER), user.id, key_id, "x") == NoSuchPerson()
    assert await shelf.remove(DESK, user.id, key_id, "  ") == ReasonMissing()
    assert await shelf.list_of(actor(), user.id) == NotAllowed(Action.SEE_PEOPLE)
