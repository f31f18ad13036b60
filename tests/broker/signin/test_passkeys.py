"""Passkeys at the door: enrolled by the rule of the first factor, each answer good once, and nothing given away."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from broker.model.kinds import Role
from broker.model.passkeys import PasskeyRules
from broker.signin.ceremonies import CHALLENGE_S
from broker.signin.factor_records import FactorChanged, FactorDenied, FactorRefusal
from broker.signin.passkey_desk import PasskeyDesk
from broker.signin.records import (
    MustChangePassword,
    MustEnrol,
    NeedFactor,
    Refused,
    SignedIn,
    SteppedUp,
    StepUpRefused,
    Throttled,
)
from broker.signin.records import PasskeyQuestion as Question
from broker.store import SqlStore
from tests.broker.signin.city import HOME, HOST, OFFICE, ORIGIN, PASSKEY_RULES, TENANT, City, from_address, open_city
from tests.fakes.security_key import SecurityKey

OTHER_HOST = "home.city.example.jp"


async def test_a_newcomer_enrols_a_passkey_at_the_office_and_signs_in_by_it_at_home(store: SqlStore) -> None:
    city = await open_city(store)
    entered, key = await city.enrol_key()
    assert (entered.session.factor, len(entered.recovery_codes), entered.user.is_enrolled) == ("passkey", 10, True)
    assert isinstance(await city.password(address=OFFICE), NeedFactor), "has a factor now"
    again = await city.sign_in_by_key(key)
    assert isinstance(again, SignedIn)
    assert again.session.factor == "passkey"
    own = await city.signin.factors.overview(await city.authenticated(again))
    [passkey] = own.passkeys
    assert (passkey.name, passkey.rp_id, passkey.sign_count) == ("職場の鍵", HOST, 2)
    assert passkey.last_used_at is not None
    assert [line.detail["factor"] for line in await city.audit("factor.enrolled")] == ["passkey"]
    assert [line.detail["factor"] for line in await city.audit("signin.succeeded")] == ["passkey", "passkey"]


async def test_an_answer_counts_once_also_at_two_nodes_in_the_same_moment(store: SqlStore) -> None:
    city = await open_city(store)
    _entered, key = await city.enrol_key()
    pending = await city.pending()
    answer = key.show(await city.question(pending))
    other = City(store, city.directory, city.sealing)
    attempt = city.with_key(pending, answer)
    outcomes = await asyncio.gather(city.signin.passkeys.sign_in(attempt), other.signin.passkeys.sign_in(attempt))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "SignedIn"]
    late = await city.pending()
    await city.question(late)
    assert await city.signin.passkeys.sign_in(city.with_key(late, answer)) == Refused(may_retry=True)
    assert (await city.causes())[0] == "passkey_challenge"


async def test_two_signatures_over_one_counter_count_once(city: City) -> None:
    """A copy of the key, used at the same time at another door."""
    _entered, key = await city.enrol_key()
    first, second = await city.pending(), await city.pending()
    answers = []
    for pending in (first, second):
        before = key.counter
        answers.append(key.show(await city.question(pending)))
        key.counter = before
    assert isinstance(await city.signin.passkeys.sign_in(city.with_key(first, answers[0])), SignedIn)
    assert isinstance(await city.signin.passkeys.sign_in(city.with_key(second, answers[1])), Refused)
    assert await city.causes() == ["passkey_counter"]


async def test_a_challenge_belongs_to_its_sign_in_its_purpose_and_its_minutes(city: City) -> None:
    entered, key = await city.enrol_key()
    mine, other = await city.pending(), await city.pending("suzuki", "wrong")
    stolen = key.show(await city.question(mine))
    assert isinstance(await city.signin.passkeys.sign_in(city.with_key(other, stolen)), Refused)
    assert isinstance(await city.signin.passkeys.sign_in(city.with_key(mine, stolen)), SignedIn), "still unused"
    auth = await city.authenticated(entered, OFFICE)
    step_up = await city.signin.passkeys.ask_to_step_up(auth, HOST)
    assert isinstance(step_up, Question)
    pending = await city.pending()
    wrong_purpose = city.with_key(pending, key.show(step_up.options))
    assert isinstance(await city.signin.passkeys.sign_in(wrong_purpose), Refused)
    late = key.show(await city.question(pending))
    city.wait(timedelta(seconds=CHALLENGE_S + 1))
    assert isinstance(await city.signin.passkeys.sign_in(city.with_key(pending, late)), Refused)
    newer = await city.pending()
    superseded = key.show(await city.question(newer))
    await city.question(newer)
    assert isinstance(await city.signin.passkeys.sign_in(city.with_key(newer, superseded)), Refused)
    assert set(await city.causes()) == {"passkey_challenge", "wrong_password"}


async def test_the_question_is_the_same_for_everybody(city: City) -> None:
    """With a passkey, without, unknown, wrong password, shut out: only the random challenge differs."""
    await city.enrol_key()
    await city.enrol("suzuki")
    await city.enrol("佐藤")
    await city.lock("佐藤")
    asked = [
        await city.question(await city.pending(login, password))
        for login, password in [
            ("yamada", ""),
            ("yamada", "wrong"),
            ("suzuki", ""),
            ("nobody", "x"),
            ("left", ""),
            ("佐藤", ""),
        ]
    ]
    assert len({str(options["challenge"]) for options in asked}) == len(asked)
    bare = [{**options, "challenge": ""} for options in asked]
    assert all(options == bare[0] for options in bare)
    assert bare[0]["allowCredentials"] == []


async def test_every_refusal_looks_the_same_and_the_audit_tells_them_apart(city: City) -> None:
    _entered, key = await city.enrol_key()
    await city.enrol("suzuki")
    stranger = SecurityKey(ORIGIN)
    for login, password, answer_of, cause in [
        ("yamada", "", stranger, "passkey_unknown"),
        ("suzuki", "", key, "passkey_unknown"),
        ("yamada", "wrong", key, "wrong_password"),
        ("nobody", "x", key, "unknown_user"),
        ("left", "", key, "account_disabled"),
    ]:
        pending = await city.pending(login, password)
        answer = answer_of.show(await city.question(pending))
        assert await city.signin.passkeys.sign_in(city.with_key(pending, answer)) == Refused(may_retry=True)
        assert (await city.causes())[0] == cause
    pending = await city.pending()
    phished = key.show(await city.question(pending), origin="https://portal.city.example.jp.evil.example")
    assert await city.signin.passkeys.sign_in(city.with_key(pending, phished)) == Refused(may_retry=True)
    assert await city.signin.passkeys.sign_in(city.with_key(pending, "{")) == Refused(may_retry=True)
    assert (await city.causes())[:2] == ["passkey_malformed", "passkey_origin"]


async def test_wrong_answers_are_counted_like_wrong_codes(city: City) -> None:
    await city.enrol_key()
    pending = await city.pending()
    for _try in range(city.settings.max_codes_per_attempt):
        outcome = await city.signin.passkeys.sign_in(city.with_key(pending, "{}"))
    assert outcome == Refused(may_retry=False)
    assert await city.signin.passkeys.ask_to_sign_in(pending, HOST) == Refused(may_retry=False)
    for _try in range(20):
        entered = await city.password(address=HOME)
        if isinstance(entered, Throttled):
            break
        assert isinstance(entered, NeedFactor)
        await city.signin.passkeys.sign_in(city.with_key(entered.pending, "{}"))
    assert isinstance(entered, Throttled)


async def test_a_first_passkey_wants_the_office_and_a_password_that_passed(city: City) -> None:
    pending = await city.pending("yamada", address=HOME)
    assert await city.signin.passkeys.ask_to_enrol(pending, HOST) == Refused(may_retry=False), "from outside"
    outcome = await city.password(address=OFFICE)
    asked = await city.signin.passkeys.ask_to_enrol(outcome.pending, HOST)  # type: ignore[union-attr]  # MustEnrol
    assert isinstance(asked, Question)
    taken_home = city.with_key(outcome.pending, SecurityKey(ORIGIN).make(asked.options), address=HOME)  # type: ignore[union-attr]  # likewise
    assert isinstance(await city.signin.passkeys.enrol(taken_home), Refused)
    assert await city.causes() == ["enrolment_not_allowed_here"]


async def test_two_first_factors_at_once_are_one(store: SqlStore) -> None:
    """A passkey in one browser, the app in another: who is first has it, the other's offer is void."""
    city = await open_city(store)
    outcome = await city.password(address=OFFICE)
    asked = await city.signin.passkeys.ask_to_enrol(outcome.pending, HOST)  # type: ignore[union-attr]  # MustEnrol
    assert isinstance(asked, Question)
    with_key = city.with_key(outcome.pending, SecurityKey(ORIGIN).make(asked.options), address=OFFICE)  # type: ignore[union-attr]  # likewise
    pending, offer = await city.offer()
    city.secrets["yamada"] = offer.text_key.replace(" ", "")
    code = await city.app_code()
    both = await asyncio.gather(city.signin.passkeys.enrol(with_key), city.confirm(pending, code))
    assert sorted(type(one).__name__ for one in both) == ["Refused", "SignedIn"]
    entered = next(one for one in both if isinstance(one, SignedIn))
    own = await city.signin.factors.overview(await city.authenticated(entered, OFFICE))
    assert own.factors == 1
    assert own.recovery_codes_left == 10


async def test_an_offer_of_a_passkey_is_void_once_the_app_is_enrolled(city: City) -> None:
    outcome = await city.password(address=OFFICE)
    assert isinstance(outcome, MustEnrol)
    asked = await city.signin.passkeys.ask_to_enrol(outcome.pending, HOST)
    assert isinstance(asked, Question)
    await city.enrol()
    late = city.with_key(outcome.pending, SecurityKey(ORIGIN).make(asked.options), address=OFFICE)
    assert await city.signin.passkeys.enrol(late) == Refused(may_retry=False)
    user = await city.user()
    async with city.store.read() as tx:
        assert await tx.factors.list_passkeys(TENANT, user.id) == []


async def test_a_password_that_has_to_be_changed_is_changed_after_the_passkey_too(city: City) -> None:
    _entered, key = await city.enrol_key()
    city.directory.put(replace(city.directory.people["yamada"], must_change=True))
    outcome = await city.sign_in_by_key(key)
    assert isinstance(outcome, MustChangePassword)
    again = key.show(await city.question(outcome.pending))
    refused = await city.signin.passkeys.sign_in(city.with_key(outcome.pending, again))
    assert isinstance(refused, Refused), "its token opens the change and nothing else"


async def test_a_recovery_code_helps_who_has_a_passkey_alone(city: City) -> None:
    await city.enrol_key()
    pending = await city.pending()
    outcome = await city.code(pending, city.recovery_codes[3])
    assert isinstance(outcome, SignedIn)
    assert outcome.used_recovery_code
    assert isinstance(await city.code(await city.pending(), "123456"), Refused)


async def test_a_reset_by_the_desk_forgets_the_passkeys_too(city: City) -> None:
    _entered, key = await city.enrol_key()
    user = await city.user()
    async with city.store.write() as tx:
        assert await tx.signin.remove_enrolment(TENANT, user.id)
        assert not await tx.signin.remove_enrolment(TENANT, user.id)
    assert isinstance(await city.sign_in_by_key(key), Refused)


async def test_each_name_of_the_tenant_has_its_own_keys_unless_they_share_one(store: SqlStore) -> None:
    origins = {HOST: frozenset({ORIGIN}), OTHER_HOST: frozenset({f"https://{OTHER_HOST}"})}
    apart = PasskeyRules(name="関所市", origins=origins)
    city = await open_city(store, apart)
    _entered, key = await city.enrol_key()
    pending = await city.pending()
    moved = key.show(await city.question(pending, OTHER_HOST), origin=f"https://{OTHER_HOST}")
    attempt = city.with_key(pending, moved, hostname=OTHER_HOST)
    assert isinstance(await city.signin.passkeys.sign_in(attempt), Refused)
    assert await city.signin.passkeys.ask_to_sign_in(pending, "evil.example") == Refused(may_retry=False)
    shared = replace(apart, rp_id="city.example.jp")
    joint = City(store, city.directory, city.sealing, passkey_rules=shared)
    _entered, common = await joint.enrol_key("suzuki")
    for host, entrance in ((HOST, ORIGIN), (OTHER_HOST, f"https://{OTHER_HOST}")):
        pending = await joint.pending("suzuki")
        question = await joint.question(pending, host)
        assert question["rpId"] == "city.example.jp"
        attempt = joint.with_key(pending, common.show(question, origin=entrance), hostname=host)
        assert isinstance(await joint.signin.passkeys.sign_in(attempt), SignedIn)


async def test_a_tenant_without_rules_has_no_passkeys(city: City) -> None:
    bare = City(city.store, city.directory, city.sealing, passkey_rules=PasskeyRules(name="", origins={}))
    pending = await bare.pending()
    assert await bare.signin.passkeys.ask_to_sign_in(pending, HOST) == Refused(may_retry=False)


@pytest.fixture
async def strict(sqlite_store: SqlStore) -> City:
    """A tenant whose administrators need a passkey."""
    return await open_city(sqlite_store, replace(PASSKEY_RULES, required_roles=frozenset({Role.TENANT_ADMIN})))


async def test_an_administrators_role_counts_once_the_passkey_was_shown(strict: City) -> None:
    await strict.enrol("desk")
    by_code = await strict.sign_in("desk", address=OFFICE)
    assert by_code.withheld_roles == {Role.TENANT_ADMIN}
    auth = await strict.authenticated(by_code, OFFICE)
    assert auth.withheld_roles == {Role.TENANT_ADMIN}
    assert not auth.roles
    desk = strict.signin.factors
    asked = await desk.ask_passkey(auth, HOST)
    assert isinstance(asked, Question)
    key = SecurityKey(ORIGIN)
    await desk.add_passkey(auth, HOST, key.make(asked.options), "管理用")
    assert (await strict.authenticated(by_code, OFFICE)).withheld_roles, "enrolled is not shown"
    asked = await desk.ask_passkey(auth, HOST)
    assert isinstance(asked, Question)
    await desk.add_passkey(auth, HOST, SecurityKey(ORIGIN).make(asked.options), "予備")
    spare = (await desk.overview(auth)).passkeys[1]
    assert await desk.remove_passkey(auth, spare.id) == FactorDenied(FactorRefusal.STEP_UP_NEEDED)
    question = await strict.signin.passkeys.ask_to_step_up(auth, HOST)
    assert isinstance(question, Question)
    assert isinstance(await strict.signin.passkeys.step_up(auth, HOST, key.show(question.options)), SteppedUp)
    after = await strict.authenticated(by_code, OFFICE)
    assert await desk.remove_passkey(after, spare.id) == FactorChanged()
    assert after.roles == {Role.TENANT_ADMIN}
    assert isinstance(await strict.signin.step_up_by_code(after, await strict.app_code("desk")), StepUpRefused)
    assert [line.detail["cause"] for line in await strict.audit("signin.step_up_refused")] == ["passkey_required"]
    staff = await strict.enrol("yamada")
    assert staff.withheld_roles == frozenset()


async def test_an_administrators_first_passkey_is_not_enrolled_from_outside(strict: City) -> None:
    await strict.enrol("desk")
    auth = await strict.authenticated(await strict.sign_in("desk", address=HOME))
    denied = await strict.signin.factors.ask_passkey(auth, HOST)
    assert not isinstance(denied, Question)
    assert denied.code == "not_here"
    made_up = await strict.signin.factors.add_passkey(auth, HOST, "{}", "x")
    assert made_up == denied


async def test_a_step_up_by_passkey_wants_its_own_challenge_and_its_own_key(city: City) -> None:
    entered, key = await city.enrol_key()
    auth = await city.authenticated(entered, OFFICE)
    desk: PasskeyDesk = city.signin.passkeys
    question = await desk.ask_to_step_up(auth, HOST)
    assert isinstance(question, Question)
    answer = key.show(question.options)
    assert isinstance(await desk.step_up(auth, HOST, SecurityKey(ORIGIN).show(question.options)), StepUpRefused)
    assert isinstance(await desk.step_up(auth, HOST, answer), StepUpRefused), "the challenge is used up"
    making = await city.signin.factors.ask_passkey(auth, HOST)
    assert isinstance(making, Question)
    for_another_purpose = key.show({"challenge": making.options["challenge"], "rpId": HOST})
    assert isinstance(await desk.step_up(auth, HOST, for_another_purpose), StepUpRefused)
    question = await desk.ask_to_step_up(auth, HOST)
    assert isinstance(question, Question)
    city.wait(timedelta(minutes=1))
    outcome = await desk.step_up(auth, HOST, key.show(question.options))
    assert isinstance(outcome, SteppedUp)
    again = await city.signin.authenticate(entered.token, from_address(OFFICE))
    assert again.session.factor_at == outcome.session.factor_at  # type: ignore[union-attr]  # Authenticated
