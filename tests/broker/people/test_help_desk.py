"""What the help desk sees of one person: each cause of a refusal once, with what is in the way now."""

from datetime import timedelta

from broker.model.actor import Actor
from broker.model.ids import UserId
from broker.model.kinds import Mode, Role
from broker.model.policy_records import ModeOrder
from broker.model.throttle import Scope
from broker.people.help_desk import HelpDesk, PersonSheet
from broker.people.hindrances import HindranceKind, SigninKind
from broker.people.leavers import LeaverWatch
from broker.people.records import NoSuchPerson
from broker.policy.administration import NotAllowed
from tests.broker.signin.city import HOME, OFFICE, OTHER, STEP, TENANT, City
from tests.fakes.authenticator import FakePerson

DESK = Actor(tenant_id=TENANT, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address=OFFICE)


async def look(city: City, login: str = "yamada") -> PersonSheet:
    sheet = await HelpDesk(city.store).look(DESK, (await city.user(login)).id)
    assert isinstance(sheet, PersonSheet)
    return sheet


def causes(sheet: PersonSheet) -> list[tuple[SigninKind, str]]:
    return [(told.kind, told.cause) for told in sheet.signins]


async def test_all_is_well_and_the_last_sign_ins_tell_place_and_browser(city: City) -> None:
    await city.enrol()
    await city.sign_in(address=HOME)
    sheet = await look(city)
    assert sheet.hindrances == ()
    assert [(told.kind, told.address, told.entrance) for told in sheet.signins] == [
        (SigninKind.SIGNED_IN, HOME, "portal"),
        (SigninKind.SIGNED_IN, OFFICE, "portal"),
    ]
    assert [browser.address for browser in sheet.browsers] == [HOME, OFFICE]


async def test_a_wrong_password_is_one_line_although_it_was_refused_at_both_steps(city: City) -> None:
    await city.enrol()
    await city.code(await city.pending("yamada", "wrong"), "000000")
    sheet = await look(city)
    assert causes(sheet)[0] == (SigninKind.REFUSED, "wrong_password")
    assert causes(sheet)[1][0] is SigninKind.SIGNED_IN
    assert [(it.kind, it.what) for it in sheet.hindrances] == [(HindranceKind.LAST_REFUSED, "wrong_password")]


async def test_each_attempt_has_its_own_line_with_its_own_cause(city: City) -> None:
    await city.enrol()
    code = await city.app_code()
    assert (await city.signin.submit_code(city.attempt(await city.pending(), code))) is not None
    await city.code(await city.pending(), code)
    city.wait(STEP)
    await city.code(await city.pending(), "000000")
    city.directory.is_down = True
    await city.password()
    assert causes(await look(city))[:4] == [
        (SigninKind.DIRECTORY_SILENT, ""),
        (SigninKind.REFUSED, "wrong_code"),
        (SigninKind.REFUSED, "code_replayed"),
        (SigninKind.SIGNED_IN, ""),
    ]


async def test_a_lock_a_wait_and_a_mode_are_named_with_their_end(city: City) -> None:
    await city.enrol()
    for _ in range(city.settings.free_failures + 1):
        await city.password("YAMADA", "wrong")
    await city.lock()
    async with city.store.write() as tx:
        until = tx.now + timedelta(hours=1)
        await tx.people.set_mode(TENANT, ModeOrder(mode=Mode.MAINTENANCE, until=until, is_drill=False))
    sheet = await look(city)
    assert [it.kind for it in sheet.hindrances][:3] == [HindranceKind.LOCKED, HindranceKind.WAITS, HindranceKind.MODE]
    wait, mode = sheet.hindrances[1:3]
    assert (wait.what, mode.what, mode.until) == (Scope.PAIR, "maintenance", until)
    assert wait.until is not None
    assert {throttle.scope for throttle in sheet.throttles} == {Scope.PAIR, Scope.ACCOUNT}


async def test_who_left_is_told_with_the_directorys_word(city: City) -> None:
    await city.enrol()
    city.directory.put(FakePerson(login="yamada", password="yamada-secret", is_disabled=True))
    await LeaverWatch(city.store, {TENANT: city.directory}).look(TENANT)
    sheet = await look(city)
    assert [(it.kind, it.what) for it in sheet.hindrances] == [(HindranceKind.LEFT, "account_disabled")]
    assert sheet.browsers == ()


async def test_who_has_no_app_yet_is_told_so(city: City) -> None:
    await city.password("suzuki", address=OFFICE)
    assert HindranceKind.NOT_ENROLLED in {it.kind for it in (await look(city, "suzuki")).hindrances}


async def test_nothing_of_others_and_nothing_for_other_tenants_or_roles(city: City) -> None:
    await city.enrol()
    await city.enrol("suzuki")
    await city.password("suzuki", "wrong")
    assert {kind for kind, _ in causes(await look(city))} == {SigninKind.SIGNED_IN}
    user_id = (await city.user()).id
    desk = HelpDesk(city.store)
    neighbour = Actor(tenant_id=OTHER, name="user:x", roles=frozenset({Role.SYSTEM_ADMIN}), address=OFFICE)
    assert await desk.look(neighbour, user_id) == NoSuchPerson()
    staff = Actor(tenant_id=TENANT, name="user:x", roles=frozenset(), address=OFFICE)
    assert isinstance(await desk.look(staff, user_id), NotAllowed)
    assert await desk.look(DESK, UserId("nobody")) == NoSuchPerson()
