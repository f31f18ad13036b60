"""Break-glass: an administrator for the day on which the directory is gone."""

from datetime import timedelta

import msgspec
import pytest

from auth.totp import TotpFactor
from auth.webauthn import WebAuthn
from broker.account.records import AccountRefusal, AccountRefused
from broker.model.kinds import Role
from broker.model.passkeys import PasskeyRules
from broker.policy.administration import NotAllowed
from broker.signin.passkey_desk import Passkeys
from broker.signin.records import Authenticated, SignedIn
from broker.signin.service import SigninService
from tests.broker.account.town import DESK, ROOT, Town
from tests.broker.signin.city import HOME, TENANT, from_address
from tests.fakes.authenticator import FakePerson


async def enter(town: Town, login: str, password: str) -> SignedIn:
    pending = await town.city.pending(login, password)
    outcome = await town.city.code(pending, await town.city.app_code(login))
    assert isinstance(outcome, SignedIn), outcome
    return outcome


async def test_it_gets_in_without_a_directory_and_from_anywhere_with_two_factors(town: Town) -> None:
    town.directory.is_down = True
    begun = await town.begin_emergency()
    signed_in = await enter(town, begun.login, begun.password.reveal())
    assert signed_in.user.roles == {Role.SYSTEM_ADMIN}
    assert [each.login for each in await town.accounts.emergencies(TENANT)] == ["emergency-admin"]
    [record] = await town.city.audit("break_glass.begun")
    assert record.detail["reason"] == "ディレクトリの停止"
    assert record.actor == "local:0"
    assert begun.password.reveal() not in str(await town.city.audit())
    assert begun.text_key.replace(" ", "") not in str(await town.city.audit())


async def test_it_ends_by_itself_with_all_that_was_open(town: Town) -> None:
    begun = await town.begin_emergency(hours=8)
    token = (await enter(town, begun.login, begun.password.reveal())).token
    town.city.wait(timedelta(hours=8))
    assert await town.accounts.emergencies(TENANT) == []
    await town.city.code(
        await town.city.pending(begun.login, begun.password.reveal()), await town.city.app_code(begun.login)
    )
    assert (await town.city.causes())[0] == "account_expired"
    assert await town.endings.look() == 1
    assert await town.city.signin.authenticate(token, from_address("10.1.2.3")) is None
    assert await town.events("break_glass") == ["break_glass.begun", "break_glass.ended"]


async def test_begun_again_it_has_a_new_password_and_a_new_app(town: Town) -> None:
    first = await town.begin_emergency(hours=1)
    old_app = town.city.secrets[first.login]
    token = (await enter(town, first.login, first.password.reveal())).token
    town.city.wait(timedelta(hours=2))
    await town.endings.look()
    second = await town.begin_emergency(hours=1)
    assert second.password != first.password
    assert town.city.secrets[first.login] != old_app
    assert await town.city.signin.authenticate(token, from_address("10.1.2.3")) is None
    await enter(town, second.login, second.password.reveal())


async def test_a_directory_can_not_shut_it_out_by_taking_its_name(town: Town) -> None:
    begun = await town.begin_emergency()
    town.directory.put(FakePerson(login="emergency-admin", password="planted"))
    await town.city.code(await town.city.pending(begun.login, "planted"), await town.city.app_code(begun.login))
    assert await town.city.causes() == ["several_directories"]
    await enter(town, begun.login, begun.password.reveal())


async def test_only_at_the_brokers_host(town: Town) -> None:
    for actor in (DESK, msgspec.structs.replace(ROOT, name="user:somebody")):
        outcome = await town.emergency.begin(actor, login="emergency-admin", hours=8, reason="x")
        assert isinstance(outcome, NotAllowed)
    assert await town.accounts.list_all(ROOT) == []


@pytest.mark.parametrize(
    "login, hours, reason, why",
    [
        ("yamada", 8, "x", AccountRefusal.LOGIN_TAKEN),
        ("keibi", 8, "x", AccountRefusal.LOGIN_TAKEN),
        ("emergency-admin", 0, "x", AccountRefusal.HOURS_INVALID),
        ("emergency-admin", 73, "x", AccountRefusal.HOURS_INVALID),
        ("emergency-admin", float("nan"), "x", AccountRefusal.HOURS_INVALID),
        ("emergency-admin", 8, " ", AccountRefusal.REASON_MISSING),
        ("a b", 8, "x", AccountRefusal.LOGIN_INVALID),
    ],
)
async def test_what_can_not_be_is_refused(
    town: Town, login: str, hours: float, reason: str, why: AccountRefusal
) -> None:
    await town.city.enrol("yamada")
    await town.add("keibi")
    outcome = await town.emergency.begin(ROOT, login=login, hours=hours, reason=reason)
    assert outcome == AccountRefused(why)
    assert await town.accounts.emergencies(TENANT) == []


async def test_the_desk_ends_it_early_if_it_is_not_below_it(town: Town) -> None:
    begun = await town.begin_emergency()
    account = (await town.accounts.emergencies(TENANT))[0]
    assert isinstance(await town.accounts.disable(DESK, account.user_id, "復旧"), NotAllowed)
    await town.accounts.disable(ROOT, account.user_id, "復旧")
    assert await town.accounts.emergencies(TENANT) == []
    reopened = await town.accounts.enable(ROOT, account.user_id, "もう一度")
    assert reopened == AccountRefused(AccountRefusal.STATE_CHANGED), "only the host begins another"
    assert begun.login == account.login


async def test_it_counts_where_administrators_need_a_passkey(town: Town) -> None:
    """On the day on which nobody gets in, the app that was enrolled at the host is the only factor there is."""
    rules = PasskeyRules(name="関所市", origins={}, required_roles=frozenset({Role.SYSTEM_ADMIN}))
    passkeys = Passkeys(WebAuthn(), {TENANT: rules})
    town.city.signin = SigninService(
        town.store, {TENANT: town.door}, TotpFactor(), town.city.sealing, town.city.settings, passkeys
    )
    begun = await town.begin_emergency()
    signed_in = await enter(town, begun.login, begun.password.reveal())
    assert signed_in.withheld_roles == frozenset()
    seen = await town.city.signin.authenticate(signed_in.token, from_address(HOME))
    assert isinstance(seen, Authenticated)
    assert seen.withheld_roles == frozenset()


async def test_the_console_gives_it_no_password(town: Town) -> None:
    begun = await town.begin_emergency()
    [account] = await town.accounts.emergencies(TENANT)
    somebody = msgspec.structs.replace(ROOT, name="user:somebody")
    outcome = await town.accounts.give_password(somebody, account.user_id, "x")
    assert outcome == AccountRefused(AccountRefusal.STATE_CHANGED)
    await enter(town, begun.login, begun.password.reveal())
