"""The IT desk: finds people, locks them, gives them a new factor, and explains every step."""

import pytest

from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.kinds import Origin, Role
from broker.model.reasons import EndReason
from broker.model.records import User
from broker.people.factor_desk import FactorDesk, FactorOrder, IdentityCheck
from broker.people.records import NoSuchPerson, PersonDetails, ReasonMissing
from broker.people.service import PeopleService
from broker.policy.administration import Action, NotAllowed
from broker.ports import AuditEntry
from broker.signin.records import Authenticated, MustEnrol, Refused
from tests.broker.signin.city import OFFICE, OTHER, TENANT, City, from_address
from tests.fakes.authenticator import FakePerson

NOT_ALLOWED = NotAllowed(Action.CHANGE_PEOPLE)


class Desktops:
    """Remembers what was asked of a person's sessions."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, TenantId, UserId, EndReason]] = []

    async def end_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        self.asked.append(("end", tenant_id, user_id, reason))

    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        self.asked.append(("disconnect", tenant_id, user_id, reason))


@pytest.fixture
def desktops() -> Desktops:
    return Desktops()


@pytest.fixture
def people(city: City, desktops: Desktops) -> PeopleService:
    return PeopleService(city.store, city.signin, desktops)


@pytest.fixture
def factors(city: City, desktops: Desktops) -> FactorDesk:
    return FactorDesk(city.store, city.sealing, desktops)


def checked(reason: str) -> FactorOrder:
    return FactorOrder(checked=IdentityCheck.EMPLOYEE_CARD, reason=reason)


def actor(*roles: Role, tenant_id: TenantId = TENANT, name: str = "user:desk") -> Actor:
    return Actor(tenant_id=tenant_id, name=name, roles=frozenset(roles), address="10.0.0.9")


DESK = actor(Role.TENANT_ADMIN)


async def test_locking_ends_everything_at_once_and_is_explained(
    city: City, people: PeopleService, desktops: Desktops
) -> None:
    token = (await city.enrol()).token
    user = await city.user()
    outcome = await people.lock(DESK, user.id, " 端末の紛失 ")
    assert isinstance(outcome, User)
    assert outcome.is_locked
    assert await city.signin.authenticate(token, from_address(OFFICE)) is None
    assert desktops.asked == [("end", TENANT, user.id, EndReason.TERMINATED)]
    assert isinstance(await city.code(await city.pending(), await city.app_code()), Refused)
    locked = (await city.audit("user.locked"))[0]
    assert (locked.actor, locked.subject, locked.address) == ("user:desk", f"user:{user.id}", "10.0.0.9")
    assert locked.detail == {"reason": "端末の紛失"}


async def test_locking_again_ends_what_a_crash_had_left(city: City, people: PeopleService, desktops: Desktops) -> None:
    await city.enrol()
    user = await city.user()
    await city.lock()
    assert isinstance(await people.lock(DESK, user.id, "再実行"), User)
    assert len(desktops.asked) == 1


async def test_unlocking_opens_the_door_again(city: City, people: PeopleService) -> None:
    await city.enrol()
    user = await city.user()
    await people.lock(DESK, user.id, "調査")
    outcome = await people.unlock(DESK, user.id, "調査終了")
    assert isinstance(outcome, User)
    assert not outcome.is_locked
    assert (await city.sign_in()).user.id == user.id
    assert (await city.audit("user.unlocked"))[0].detail == {"reason": "調査終了"}


async def test_a_new_phone_needs_a_reset_by_the_desk_and_an_enrolment_at_the_office(
    city: City, people: PeopleService, factors: FactorDesk, desktops: Desktops
) -> None:
    signed_in = await city.enrol()
    user = await city.user()
    old_codes, old_app = city.recovery_codes, await city.app_code(offset=1)
    outcome = await factors.reset(DESK, user.id, checked("機種変更。職員証で本人確認済み"))
    assert isinstance(outcome, User)
    assert not outcome.is_enrolled
    # Whoever was signed in by the old app is out; the work stays.
    assert await city.signin.authenticate(signed_in.token, from_address(OFFICE)) is None
    assert desktops.asked == [("disconnect", TENANT, user.id, EndReason.SIGNED_OUT)]
    for code in (old_app, old_codes[0]):
        assert isinstance(await city.code(await city.pending(), code), Refused)
    assert await city.causes() == ["enrolment_not_allowed_here"] * 2
    assert isinstance(await city.password(address=OFFICE), MustEnrol)
    reset = (await city.audit("factor.reset"))[0]
    assert reset.detail == {
        "login": "yamada",
        "reason": "機種変更。職員証で本人確認済み",
        "identity_check": "employee_card",
        "was_enrolled": "true",
        "websessions": "1",
    }
    await city.enrol()
    assert (await city.sign_in()).user.id == user.id
    assert isinstance(await city.code(await city.pending(), old_codes[1]), Refused)


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
async def test_nothing_is_changed_without_a_reason(
    city: City, people: PeopleService, factors: FactorDesk, reason: str
) -> None:
    await city.enrol()
    user = await city.user()
    assert await people.lock(DESK, user.id, reason) == ReasonMissing()
    assert await people.unlock(DESK, user.id, reason) == ReasonMissing()
    assert await factors.reset(DESK, user.id, checked(reason)) == ReasonMissing()
    assert await city.user() == user


@pytest.mark.parametrize("roles", [(), (Role.POOL_ADMIN,), (Role.AUDITOR,)])
async def test_other_roles_change_nobody(
    city: City, people: PeopleService, factors: FactorDesk, desktops: Desktops, roles: tuple[Role, ...]
) -> None:
    await city.enrol()
    user = await city.user()
    other = actor(*roles)
    assert await people.lock(other, user.id, "理由") == NOT_ALLOWED
    assert await people.unlock(other, user.id, "理由") == NOT_ALLOWED
    assert await factors.reset(other, user.id, checked("理由")) == NOT_ALLOWED
    assert await city.user() == user
    assert desktops.asked == []


@pytest.mark.parametrize("roles", [(), (Role.POOL_ADMIN,)])
async def test_who_may_not_see_people_sees_none(city: City, people: PeopleService, roles: tuple[Role, ...]) -> None:
    await city.enrol()
    user = await city.user()
    assert await people.search(actor(*roles), "yamada") == NotAllowed(Action.SEE_PEOPLE)
    assert await people.details(actor(*roles), user.id) == NotAllowed(Action.SEE_PEOPLE)


async def test_people_of_another_city_do_not_exist(city: City, people: PeopleService, factors: FactorDesk) -> None:
    await city.enrol()
    user = await city.user()
    neighbour = actor(Role.SYSTEM_ADMIN, tenant_id=OTHER)
    assert await people.lock(neighbour, user.id, "理由") == NoSuchPerson()
    assert await factors.reset(neighbour, user.id, checked("理由")) == NoSuchPerson()
    assert await people.details(neighbour, user.id) == NoSuchPerson()
    assert await people.search(neighbour, "") == []
    assert await people.details(DESK, UserId("nobody")) == NoSuchPerson()


async def test_nobody_resets_their_own_factor(city: City, people: PeopleService, factors: FactorDesk) -> None:
    """A console session that somebody left open must not turn into the thief's own app."""
    await city.enrol()
    user = await city.user()
    myself = actor(Role.SYSTEM_ADMIN, name=f"user:{user.id}")
    assert await factors.reset(myself, user.id, checked("理由")) == NOT_ALLOWED
    assert await people.lock(myself, user.id, "理由") == NOT_ALLOWED
    denied = (await city.audit("policy.denied"))[0]
    assert (denied.outcome, denied.actor) == ("refused", f"user:{user.id}")


async def test_a_system_administrator_is_changed_by_one_of_their_own_alone(
    city: City, people: PeopleService, factors: FactorDesk
) -> None:
    boss = FakePerson(login="boss", password="boss-secret", roles=frozenset({Role.SYSTEM_ADMIN}))
    city.directory.put(boss)
    await city.enrol("boss")
    user = await city.user("boss")
    assert await factors.reset(DESK, user.id, checked("理由")) == NOT_ALLOWED
    assert (await city.user("boss")).is_enrolled
    assert isinstance(await factors.reset(actor(Role.SYSTEM_ADMIN), user.id, checked("理由")), User)


async def test_the_desk_finds_people_by_name_login_or_department(city: City, people: PeopleService) -> None:
    await city.enrol("yamada")
    await city.enrol("suzuki")
    for text in ("yama", "YAMADA", "山田", "山田 太郎"):
        found = await people.search(DESK, text)
        assert isinstance(found, list)
        assert [user.login for user in found] == ["yamada"]
    found = await people.search(actor(Role.AUDITOR), "情報政策")
    assert isinstance(found, list)
    assert {user.login for user in found} == {"yamada", "suzuki"}
    assert await people.search(DESK, "%\0\ud800") == []


@pytest.mark.parametrize("login", ["yamada", "佐藤"])
async def test_a_persons_page_shows_why_they_were_refused(city: City, people: PeopleService, login: str) -> None:
    await city.enrol(login)
    await city.enrol("suzuki")
    await city.code(await city.pending(login, "wrong"), "000000")
    await city.code(await city.pending(login.upper(), "wrong"), "000000")
    await city.code(await city.pending("suzuki", "wrong"), "000000")
    details = await people.details(DESK, (await city.user(login)).id)
    assert isinstance(details, PersonDetails)
    assert details.recovery_codes_left == 10
    refused = [record.detail for record in details.recent if record.event == "signin.refused"]
    assert [detail["cause"] for detail in refused] == ["wrong_password"] * 2
    assert {detail["login"].casefold() for detail in refused} == {login}
    assert list(details.recent) == sorted(details.recent, key=lambda record: record.id, reverse=True)


async def test_signing_out_leaves_the_work_where_it_is(city: City, people: PeopleService, desktops: Desktops) -> None:
    signed_in = await city.enrol()
    ended = await people.sign_out(signed_in.token)
    assert ended is not None
    user = signed_in.user
    assert desktops.asked == [("disconnect", TENANT, user.id, EndReason.SIGNED_OUT)]
    assert await people.sign_out(signed_in.token) is None
    assert len(desktops.asked) == 1


async def test_signing_out_everywhere_disconnects_every_desktop(
    city: City, people: PeopleService, desktops: Desktops
) -> None:
    await city.enrol()
    token = (await city.sign_in()).token
    auth = await city.signin.authenticate(token, from_address(OFFICE))
    assert isinstance(auth, Authenticated)
    assert await people.sign_out_everywhere(auth) == 2
    assert desktops.asked == [("disconnect", TENANT, auth.user.id, EndReason.SIGNED_OUT)]
    assert await city.signin.authenticate(token, from_address(OFFICE)) is None


async def test_the_desk_signs_somebody_out_of_every_browser_and_the_work_stays(
    city: City, people: PeopleService, desktops: Desktops
) -> None:
    signed_in = await city.enrol()
    user = await city.user()
    assert isinstance(await people.end_signins(DESK, user.id, "共用端末への置き忘れ"), User)
    assert await city.signin.authenticate(signed_in.token, from_address(OFFICE)) is None
    assert desktops.asked == [("disconnect", TENANT, user.id, EndReason.SIGNED_OUT)]
    assert (await city.audit("user.signed_out"))[0].detail == {"reason": "共用端末への置き忘れ"}
    assert await people.end_signins(DESK, user.id, " ") == ReasonMissing()


async def test_the_sign_in_before_this_one_is_told(city: City, people: PeopleService) -> None:
    first = await city.enrol()
    assert await people.previous_signin(Authenticated(session=first.session, user=first.user)) is None
    second = await city.sign_in(address="203.0.113.77")
    told = await people.previous_signin(Authenticated(session=second.session, user=second.user))
    assert told is not None
    assert (told.at, told.address) == (first.session.created_at, first.session.address)
    assert told.origin is Origin.OFFICE


async def test_a_persons_page_tells_what_became_of_their_sessions(city: City, people: PeopleService) -> None:
    await city.enrol()
    user = await city.user()
    async with city.store.write() as tx:
        await tx.audit.append(
            AuditEntry(
                tenant_id=TENANT,
                event="session.terminated",
                actor="user:desk",
                subject="session:1",
                detail={"user": user.id},
            )
        )
    details = await people.details(DESK, user.id)
    assert isinstance(details, PersonDetails)
    assert "session.terminated" in {record.event for record in details.recent}
