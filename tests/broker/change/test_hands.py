"""One administrator with a second account of their own making: the rule of two people asks who is behind it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from auth.hashing import Argon2Hasher
from broker.account.records import PasswordGiven
from broker.account.service import AccountService
from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.kinds import Role
from broker.model.policy_records import PolicyChange
from broker.model.reasons import EndReason
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from tests.broker.account.town import CHEAP, order
from tests.broker.change.conftest import Desk
from tests.broker.change.test_exceptions import an_order, let_paste, may_paste, request
from tests.factories import CITY

ADMIN = frozenset({Role.TENANT_ADMIN})


class NoDesktops:
    async def end_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        pass


@pytest.fixture
async def accounts(desk: Desk) -> AsyncIterator[AccountService]:
    hasher = Argon2Hasher(CHEAP)
    yield AccountService(desk.city.store, hasher, {}, NoDesktops(), {})
    hasher.close()


async def make(desk: Desk, accounts: AccountService, maker: Actor, login: str) -> Actor:
    """A local administrator as they have just signed in."""
    given = await accounts.add(maker, order(login, roles=ADMIN))
    assert isinstance(given, PasswordGiven), given
    async with desk.city.store.read() as tx:
        at = tx.now - timedelta(seconds=30)
    return Actor(tenant_id=CITY, name=f"user:{given.user_id}", roles=ADMIN, address="192.0.2.9", factor_at=at)


async def refused(desk: Desk, actor: Actor, change: PolicyChange) -> bool:
    outcome = await desk.approve(actor, change.id, "確認済み")
    return isinstance(outcome, ChangeRefused) and outcome.code is ChangeRefusal.OWN_REQUEST


async def test_an_account_that_one_made_oneself_is_no_second_person(desk: Desk, accounts: AccountService) -> None:
    await let_paste(desk)
    first = await desk.first()
    second_face = await make(desk, accounts, first, "watashi")
    third_face = await make(desk, accounts, second_face, "watashi2")
    asked = await request(desk, await an_order(desk))
    assert await refused(desk, second_face, asked)
    assert await refused(desk, third_face, asked), "nor through another account"
    theirs = await desk.changes.request_exception(second_face, await an_order(desk), "庁舎の工事")
    assert isinstance(theirs, PolicyChange), theirs
    assert await refused(desk, first, theirs), "nor the other way round"
    assert await refused(desk, third_face, theirs)
    assert not await may_paste(desk)
    assert isinstance(await desk.approve(await desk.second(), asked.id, "確認済み"), PolicyChange)


async def test_whoever_gave_the_password_last_is_behind_an_account(desk: Desk, accounts: AccountService) -> None:
    first, root = await desk.first(), await desk.root()
    colleague = await make(desk, accounts, root, "dohai")
    user_id = UserId(colleague.name.removeprefix("user:"))
    asked = await request(desk, await an_order(desk))
    assert isinstance(await accounts.give_password(first, user_id, "忘れた"), PasswordGiven)
    assert await refused(desk, colleague, asked)
    assert isinstance(await accounts.give_password(root, user_id, "本人に渡す"), PasswordGiven)
    approved = await desk.approve(colleague, asked.id, "確認済み")
    assert isinstance(approved, PolicyChange), "the broker's host is behind nobody"
