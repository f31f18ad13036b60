"""Local accounts: from the desk's order to the sign-in, and their end."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from auth.local_first import LocalFirst
from broker.account.records import (
    AccountChanged,
    AccountOrder,
    AccountRefusal,
    AccountRefused,
    NoSuchAccount,
    PasswordGiven,
)
from broker.account_settings import PasswordHashSettings
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.passwords import NewPasswordFault
from broker.policy.administration import NotAllowed
from broker.ports import DirectoryUnavailable, PasswordAccepted
from broker.secret import Secret
from broker.signin.records import (
    ChangeAttempt,
    EnrolmentOffer,
    MustChangePassword,
    MustEnrol,
    NeedFactor,
    NotTaken,
    SignedIn,
)
from tests.broker.account.town import CHEAP, DESK, NEIGHBOUR, ONE_TIME, ROOT, Town, order
from tests.broker.signin.city import HOME, OFFICE, OTHER, STEP, City, from_address
from tests.fakes.authenticator import FakePerson

OWN = "q7Rk-w2Zp-m4Tn"


async def test_a_new_account_has_a_one_time_password_and_wants_a_second_factor(town: Town) -> None:
    given = await town.add(roles=frozenset({Role.AUDITOR}), groups=frozenset({"telework"}))
    at_office = await town.city.password("keibi", given.password.reveal(), address=OFFICE)
    assert isinstance(at_office, MustEnrol)
    user = await town.city.user("keibi")
    assert (user.display_name, user.department, user.roles) == ("警備 太郎", "宿直室", frozenset({Role.AUDITOR}))
    # From outside it looks as if a code could follow.
    assert isinstance(await town.city.password("keibi", given.password.reveal(), address=HOME), NeedFactor)
    [added] = await town.city.audit("local_account.added")
    assert added.detail["reason"] == "夜間の窓口"
    assert given.password.reveal() not in str(await town.city.audit())
    rows = await town.accounts.list_all(DESK)
    assert not isinstance(rows, NotAllowed)
    assert [(row.account.login, row.stands) for row in rows] == [("keibi", True)]


async def test_the_desk_of_another_municipality_neither_sees_nor_changes_it(town: Town) -> None:
    given = await town.add()
    assert await town.accounts.list_all(NEIGHBOUR) == []
    for change in (town.accounts.disable, town.accounts.enable, town.accounts.delete, town.accounts.give_password):
        assert isinstance(await change(NEIGHBOUR, given.user_id, "x"), NoSuchAccount)
    theirs = await town.accounts.add(NEIGHBOUR, order("keibi"))
    assert isinstance(theirs, PasswordGiven)
    async with town.store.read() as tx:
        made = await tx.people.get_user(OTHER, theirs.user_id)
    assert made is not None
    assert theirs.user_id != given.user_id


@pytest.mark.parametrize(
    "actor, roles, may",
    [
        (DESK, {Role.TENANT_ADMIN}, True),
        (DESK, {Role.AUDITOR, Role.POOL_ADMIN}, True),
        (DESK, {Role.SYSTEM_ADMIN}, False),
        (ROOT, {Role.SYSTEM_ADMIN}, True),
    ],
)
async def test_nobody_makes_an_administrator_above_themselves(
    town: Town, actor: Actor, roles: set[Role], may: bool
) -> None:
    outcome = await town.accounts.add(actor, order(roles=frozenset(roles)))
    assert isinstance(outcome, PasswordGiven) if may else outcome == AccountRefused(AccountRefusal.ROLE_ABOVE)


@pytest.mark.parametrize("roles", [{Role.POOL_ADMIN}, {Role.AUDITOR}, set[Role]()])
async def test_only_who_keeps_people_adds_one(town: Town, roles: set[Role]) -> None:
    actor = msgspec.structs.replace(DESK, roles=frozenset(roles))
    assert isinstance(await town.accounts.add(actor, order()), NotAllowed)


async def test_an_administrator_above_is_changed_by_one_of_their_own_alone(town: Town) -> None:
    above = await town.add("sysadmin", ROOT, roles=frozenset({Role.SYSTEM_ADMIN}))
    assert isinstance(await town.accounts.give_password(DESK, above.user_id, "x"), NotAllowed)
    assert isinstance(await town.accounts.disable(DESK, above.user_id, "x"), NotAllowed)
    assert isinstance(await town.accounts.give_password(ROOT, above.user_id, "x"), PasswordGiven)
    themselves = msgspec.structs.replace(ROOT, name=f"user:{above.user_id}")
    assert isinstance(await town.accounts.give_password(themselves, above.user_id, "x"), NotAllowed)


@pytest.mark.parametrize("login", ["yamada", "Yamada", "ｙａｍａｄａ", "佐藤"])
async def test_a_login_of_the_directory_is_not_taken(town: Town, login: str) -> None:
    """Also before its person has ever signed in."""
    assert await town.accounts.add(DESK, order(login)) == AccountRefused(AccountRefusal.IN_DIRECTORY)


async def test_a_login_of_the_books_is_not_taken_even_when_the_directory_has_forgotten_it(town: Town) -> None:
    await town.city.enrol("yamada")
    del town.directory.people["yamada"]
    for login in ("yamada", "YAMADA", "ｙａｍａｄａ"):
        assert await town.accounts.add(DESK, order(login)) == AccountRefused(AccountRefusal.LOGIN_TAKEN)


async def test_while_the_directory_is_silent_no_account_is_added(town: Town) -> None:
    town.directory.is_down = True
    assert await town.accounts.add(DESK, order()) == AccountRefused(AccountRefusal.DIRECTORY_SILENT)


async def test_two_spellings_of_a_login_at_the_same_time_make_one_account(town: Town) -> None:
    outcomes = await asyncio.gather(
        *(town.accounts.add(DESK, order(login)) for login in ("keibi", "KEIBI", "ｋｅｉｂｉ"))
    )
    assert sum(isinstance(outcome, PasswordGiven) for outcome in outcomes) == 1
    assert outcomes.count(AccountRefused(AccountRefusal.LOGIN_TAKEN)) == 2


async def test_a_directory_that_takes_the_login_later_shuts_it_and_neither_gets_in(town: Town) -> None:
    given = await town.add()
    town.directory.put(FakePerson(login="keibi", password="keibi-secret"))
    for password in (given.password.reveal(), "keibi-secret"):
        pending = await town.city.pending("keibi", password)
        await town.city.code(pending, "000000")
    assert await town.city.causes() == ["several_directories"] * 2


async def test_a_directory_that_knows_a_person_by_a_local_name_does_not_take_it_over(town: Town) -> None:
    """Typed by another name, the directory answers with the login that is local here."""
    await town.add()

    class Aliasing:
        async def verify(self, login: str, password: Secret, *, is_known: bool = False) -> PasswordAccepted:
            found = await town.directory.verify("yamada", Secret("yamada-secret"))
            assert isinstance(found, PasswordAccepted)
            return PasswordAccepted(msgspec.structs.replace(found.person, login="keibi"))

        look_up = town.directory.look_up
        change_password = town.directory.change_password
        read_policy = town.directory.read_policy

    door = City(town.store, LocalFirst(town.local, Aliasing()), town.city.sealing, town.city.settings)
    await door.code(await door.pending("keibi@example.jp", "whatever"), "000000")
    assert await door.causes() == ["several_directories"]


async def test_people_of_the_directory_sign_in_as_before(town: Town) -> None:
    await town.add()
    await town.city.enrol("yamada")
    assert (await town.city.sign_in("yamada")).user.login == "yamada"
    town.directory.is_down = True
    assert type(await town.city.password("yamada")).__name__ == "DirectoryDown"


async def test_local_people_get_in_while_the_directory_is_down(town: Town) -> None:
    given = await town.add()
    town.directory.is_down = True
    outcome = await town.city.password("keibi", given.password.reveal(), address=OFFICE)
    assert isinstance(outcome, MustEnrol)


@pytest.mark.parametrize("after, cause", [("disable", "account_disabled"), ("delete", "unknown_user")])
async def test_a_shut_account_loses_browsers_and_desktops_at_once(town: Town, after: str, cause: str) -> None:
    given = await town.add()
    password = given.password.reveal()
    token = await enter(town, password)
    assert await town.city.signin.authenticate(token, from_address(OFFICE)) is not None
    change = town.accounts.disable if after == "disable" else town.accounts.delete
    assert isinstance(await change(DESK, given.user_id, "退職"), AccountChanged)
    assert await town.city.signin.authenticate(token, from_address(OFFICE)) is None
    assert town.desktops.ended == [given.user_id]
    await town.city.code(await town.city.pending("keibi", password), "000000")
    assert await town.city.causes() == [cause]
    again = await town.accounts.add(DESK, order())
    assert again == AccountRefused(AccountRefusal.LOGIN_TAKEN), "what was local once stays reserved"


async def test_what_was_disabled_can_be_enabled_and_what_was_deleted_can_not(town: Town) -> None:
    given = await town.add()
    await enter(town, given.password.reveal())
    await town.accounts.disable(DESK, given.user_id, "休職")
    assert isinstance(await town.accounts.enable(DESK, given.user_id, "復職"), AccountChanged)
    assert (await town.city.user("keibi")).left_at is None
    await town.city.code(await town.city.pending("keibi", given.password.reveal()), await town.city.app_code("keibi"))
    await town.accounts.delete(DESK, given.user_id, "退職")
    assert isinstance(await town.accounts.enable(DESK, given.user_id, "復職"), NoSuchAccount)
    assert not (await town.city.user("keibi")).is_enrolled, "factors are forgotten with the account"
    assert await town.events("local_account") == [
        "local_account.added",
        "local_account.disabled",
        "local_account.enabled",
        "local_account.deleted",
    ]


async def test_a_one_time_password_ends(town: Town) -> None:
    given = await town.add()
    town.city.wait(ONE_TIME)
    await town.city.code(await town.city.pending("keibi", given.password.reveal()), "000000")
    assert await town.city.causes() == ["password_expired"]
    again = await town.accounts.give_password(DESK, given.user_id, "未使用のため")
    assert isinstance(again, PasswordGiven)
    assert isinstance(await town.city.password("keibi", again.password.reveal(), address=OFFICE), MustEnrol)
    await town.city.code(await town.city.pending("keibi", given.password.reveal()), "000000")
    assert (await town.city.causes())[0] == "wrong_password"


async def test_an_account_with_an_end_ends_by_itself(town: Town) -> None:
    ends = await town.city.now() + timedelta(hours=2)
    given = await town.add(expires_at=ends)
    token = await enter(town, given.password.reveal())
    town.city.wait(timedelta(hours=2))
    assert await town.endings.look() == 1
    assert await town.endings.look() == 0
    assert await town.city.signin.authenticate(token, from_address(OFFICE)) is None
    await town.city.code(await town.city.pending("keibi", given.password.reveal()), "000000")
    assert await town.city.causes() == ["account_expired"]
    assert "local_account.expired" in await town.events("local_account")


async def test_other_parameters_hash_again_at_the_next_sign_in(town: Town) -> None:
    given = await town.add()
    stronger = Town(town.store, town.city, PasswordHashSettings(time_cost=2, memory_kib=16384, lanes=1))
    stronger.directory = town.directory
    async with town.store.read() as tx:
        before = await tx.accounts.get(DESK.tenant_id, given.user_id)
    assert isinstance(await stronger.local.verify("keibi", given.password), PasswordAccepted)
    async with town.store.read() as tx:
        after = await tx.accounts.get(DESK.tenant_id, given.user_id)
    assert before is not None
    assert after is not None
    assert "m=8192,t=1,p=1" in before.password_hash
    assert "m=16384,t=2,p=1" in after.password_hash
    assert isinstance(await stronger.local.verify("keibi", given.password), PasswordAccepted)
    stronger.hasher.close()


async def test_an_unknown_name_costs_the_same_hash(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    given = await town.add()
    hashed: list[bool] = []
    verify = town.hasher.verify

    async def count(password_hash: str, password: Secret) -> bool | None:
        hashed.append(bool(password_hash))
        return await verify(password_hash, password)

    monkeypatch.setattr(town.hasher, "verify", count)
    for login, password in (("keibi", "wrong"), ("nobody", "x"), ("yamada", "yamada-secret"), ("yamada", "x")):
        await town.city.password(login, password)
    assert hashed == [True, False, False, False], "one hash each, whoever it is"
    await town.accounts.delete(DESK, given.user_id, "退職")
    hashed.clear()
    await town.city.password("nobody", "x")
    assert hashed == [], "where nobody is local, the morning rush does not pay for it"


async def test_a_flood_of_passwords_waits_in_few_threads(town: Town) -> None:
    await town.add()
    answers = await asyncio.gather(*(town.hasher.verify("", Secret("x")) for _ in range(200)))
    assert set(answers) == {False, None}
    assert answers.count(None) == 200 - CHEAP.max_threads * 17


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"login": ""}, AccountRefusal.LOGIN_INVALID),
        ({"login": "a b"}, AccountRefusal.LOGIN_INVALID),
        ({"login": "a\0b"}, AccountRefusal.LOGIN_INVALID),
        ({"login": "a\u202eb"}, AccountRefusal.LOGIN_INVALID),
        ({"login": "a" * 129}, AccountRefusal.LOGIN_INVALID),
        ({"display_name": " "}, AccountRefusal.NAME_INVALID),
        ({"display_name": "x" * 101}, AccountRefusal.NAME_INVALID),
        ({"groups": frozenset({"a\n"})}, AccountRefusal.GROUPS_INVALID),
        ({"reason": "  "}, AccountRefusal.REASON_MISSING),
    ],
)
async def test_bad_orders_are_refused_with_their_reason(
    town: Town, changes: dict[str, object], why: AccountRefusal
) -> None:
    made: AccountOrder = msgspec.structs.replace(order(), **changes)
    assert await town.accounts.add(DESK, made) == AccountRefused(why)
    assert await town.accounts.list_all(DESK) == []


async def test_those_who_work_are_looked_up_where_they_are_known(town: Town) -> None:
    """The review of leavers asks the directory of its own people alone."""
    given = await town.add()
    both = LocalFirst(town.local, town.directory)
    answer = await both.look_up(["keibi", "yamada", "nobody"])
    assert not isinstance(answer, DirectoryUnavailable)
    assert {login: type(each).__name__ for login, each in answer.items()} == {
        "keibi": "PersonStands",
        "yamada": "PersonStands",
        "nobody": "PersonGone",
    }
    await town.accounts.disable(DESK, given.user_id, "休職")
    town.directory.is_down = True
    shut = await both.look_up(["keibi", "yamada"])
    assert isinstance(shut, dict)
    assert set(shut) == {"keibi"}, "of whom nothing certain is known there is no word"


async def test_the_one_time_password_has_to_be_changed_after_the_second_factor(town: Town) -> None:
    """On the page that people of a directory have too; the rules are those of local accounts."""
    given = await town.add()
    pending = await must_change(town, given.password)
    weak = await change(town, pending, given.password, "Shiyakusho2026")
    assert weak == NotTaken(NewPasswordFault.COMMON)
    same = await change(town, pending, given.password, given.password.reveal())
    assert isinstance(same, NotTaken)
    done = await change(town, pending, given.password, OWN)
    assert isinstance(done, SignedIn), done
    town.city.wait(STEP * 2)
    await town.city.code(await town.city.pending("keibi", given.password.reveal()), await town.city.app_code("keibi"))
    assert (await town.city.causes())[0] == "wrong_password"
    town.city.wait(ONE_TIME)
    pending = await town.city.pending("keibi", OWN)
    assert isinstance(await town.city.code(pending, await town.city.app_code("keibi")), SignedIn)


async def must_change(town: Town, password: Secret) -> Secret:
    """The token of the page on which the password is changed."""
    asked = await town.city.password("keibi", password.reveal(), address=OFFICE)
    assert isinstance(asked, MustEnrol), asked
    offer = await town.city.signin.offer_enrolment(asked.pending)
    assert isinstance(offer, EnrolmentOffer)
    town.city.secrets["keibi"] = offer.text_key.replace(" ", "")
    outcome = await town.city.confirm(asked.pending, await town.city.app_code("keibi"))
    assert isinstance(outcome, MustChangePassword), outcome
    return outcome.pending


async def change(town: Town, pending: Secret, old: Secret, new: str) -> object:
    attempt = ChangeAttempt(
        pending=pending, old=old, new=Secret(new), arrival=from_address(OFFICE), user_agent="Mozilla/5.0"
    )
    return await town.city.signin.passwords.finish(attempt)


async def enter(town: Town, password: str) -> Secret:
    """The first sign-in at the office, with a new authenticator app and a password of one's own; the cookie."""
    pending = await must_change(town, Secret(password))
    outcome = await change(town, pending, Secret(password), OWN)
    assert isinstance(outcome, SignedIn), outcome
    return outcome.token


async def test_a_refused_password_of_a_directory_looks_for_namesakes_as_often_as_one_that_passed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look is a question to the database: one more for the right password would tell that it was right."""
    looks: list[str] = []
    find = town.local.find

    async def noted(login: str) -> object:
        looks.append(login)
        return await find(login)

    monkeypatch.setattr(town.local, "find", noted)
    counts = []
    for password in ("yamada-secret", "wrong"):
        looks.clear()
        await town.door.verify("yamada", Secret(password))
        counts.append(len(looks))
    assert counts == [2, 2]
