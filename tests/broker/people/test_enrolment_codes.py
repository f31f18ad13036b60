"""Somebody far from the office with a new phone: a one-time code of the IT desk stands for the office, once."""

import asyncio

import pytest

from broker.model.ids import TenantId, UserId
from broker.model.passkeys import Passkey
from broker.model.reasons import EndReason
from broker.model.records import User
from broker.people.factor_desk import (
    CODE_LIVES,
    AlreadyEnrolled,
    CodeGiven,
    FactorDesk,
    FactorList,
    FactorOrder,
    IdentityCheck,
    IdentityUnchecked,
)
from broker.people.records import ReasonMissing
from broker.signin.records import EnrolmentOffer, MustEnrol, NeedFactor, Refused, SignedIn
from broker.store import SqlStore
from tests.broker.people.test_people import DESK, NOT_ALLOWED, actor
from tests.broker.signin.city import HOME, City, open_city

CHECKED = FactorOrder(checked=IdentityCheck.CALLBACK, reason="在宅勤務中の機種変更")


class NoDesktops:
    async def disconnect_all_of(self, tenant_id: TenantId, user_id: UserId, reason: EndReason) -> None:
        pass


@pytest.fixture
async def town(store: SqlStore) -> City:
    """On both databases."""
    return await open_city(store)


@pytest.fixture
async def desk(town: City) -> FactorDesk:
    return FactorDesk(town.store, town.sealing, NoDesktops())


async def lose_phone(town: City, desk: FactorDesk) -> str:
    """A reset after a call back, and a code over the same line."""
    await town.enrol()
    user = await town.user()
    await desk.reset(DESK, user.id, CHECKED)
    given = await desk.give_code(DESK, user.id, CHECKED)
    assert isinstance(given, CodeGiven), given
    return given.code.reveal()


async def test_password_and_code_open_the_enrolment_at_home(town: City, desk: FactorDesk) -> None:
    code = await lose_phone(town, desk)
    asked = await town.password(address=HOME)
    assert isinstance(asked, NeedFactor), "from outside it looks like any other sign-in"
    opened = await town.code(asked.pending, code.lower().replace("-", " "))
    assert isinstance(opened, MustEnrol)
    offer = await town.signin.offer_enrolment(opened.pending)
    assert isinstance(offer, EnrolmentOffer)
    town.secrets["yamada"] = offer.text_key.replace(" ", "")
    entered = await town.confirm(opened.pending, await town.app_code(), address=HOME)
    assert isinstance(entered, SignedIn)
    [given] = await town.audit("enrolment_code.given")
    assert given.detail["identity_check"] == "callback"
    assert [record.detail["login"] for record in await town.audit("enrolment_code.used")] == ["yamada"]
    assert code not in str(await town.audit())


async def test_a_code_counts_once_and_for_its_person(town: City, desk: FactorDesk) -> None:
    code = await lose_phone(town, desk)
    suzuki = await town.pending("suzuki", address=HOME)
    assert isinstance(await town.code(suzuki, code), Refused)
    assert isinstance(await town.code(await town.pending(address=HOME), code), MustEnrol)
    assert isinstance(await town.code(await town.pending(address=HOME), code), Refused)
    assert await town.causes() == ["enrolment_not_allowed_here"] * 2


async def test_without_the_password_it_opens_nothing_and_is_not_used_up(town: City, desk: FactorDesk) -> None:
    code = await lose_phone(town, desk)
    assert isinstance(await town.code(await town.pending(password="wrong"), code), Refused)
    assert isinstance(await town.code(await town.pending(address=HOME), code), MustEnrol)


async def test_it_ends_after_a_day_and_with_the_next_one(town: City, desk: FactorDesk) -> None:
    first = await lose_phone(town, desk)
    user = await town.user()
    second = await desk.give_code(DESK, user.id, CHECKED)
    assert isinstance(second, CodeGiven)
    assert isinstance(await town.code(await town.pending(address=HOME), first), Refused)
    town.wait(CODE_LIVES)
    assert isinstance(await town.code(await town.pending(address=HOME), second.code.reveal()), Refused)
    listed = await desk.list_of(DESK, user.id)
    assert isinstance(listed, FactorList)
    assert listed.code_until is None


async def test_guesses_are_few(town: City, desk: FactorDesk) -> None:
    code = await lose_phone(town, desk)
    pending = await town.pending(address=HOME)
    for _ in range(town.settings.max_codes_per_attempt):
        assert isinstance(await town.code(pending, "0000-0000-0000"), Refused)
    assert await town.code(pending, code) == Refused(may_retry=False)


async def test_a_reset_takes_back_a_code_that_was_given(town: City, desk: FactorDesk) -> None:
    code = await lose_phone(town, desk)
    await desk.reset(DESK, (await town.user()).id, CHECKED)
    assert isinstance(await town.code(await town.pending(address=HOME), code), Refused)


async def test_nobody_gets_a_code_without_a_check_or_a_reason_or_beside_a_factor(town: City, desk: FactorDesk) -> None:
    await town.enrol()
    user = await town.user()
    assert await desk.give_code(DESK, user.id, CHECKED) == AlreadyEnrolled()
    await desk.reset(DESK, user.id, CHECKED)
    unchecked = FactorOrder(checked=None, reason="電話があった")
    assert await desk.give_code(DESK, user.id, unchecked) == IdentityUnchecked()
    assert await desk.reset(DESK, user.id, unchecked) == IdentityUnchecked()
    silent = FactorOrder(checked=IdentityCheck.SUPERVISOR, reason=" ")
    assert await desk.give_code(DESK, user.id, silent) == ReasonMissing()
    assert await desk.give_code(actor(), user.id, CHECKED) == NOT_ALLOWED
    themselves = actor(*DESK.roles, name=f"user:{user.id}")
    assert await desk.give_code(themselves, user.id, CHECKED) == NOT_ALLOWED


async def test_no_key_that_is_added_while_the_desk_resets_outlives_the_reset(town: City, desk: FactorDesk) -> None:
    await town.enrol()
    user = await town.user()
    async with town.store.write() as tx:
        # As a browser that somebody else has does it, just before its session ends.
        await tx.factors.hold_factors(user.tenant_id, user.id)
        resetting = asyncio.create_task(desk.reset(DESK, user.id, CHECKED))
        await asyncio.wait([resetting], timeout=0.5)
        made = Passkey(
            tenant_id=user.tenant_id,
            id="planted",
            user_id=user.id,
            rp_id="portal.example",
            credential_id=b"planted",
            public_key=b"",
            sign_count=0,
            aaguid="",
            name="鍵",
            created_at=tx.now,
        )
        assert await tx.factors.add_passkey(made)
    assert isinstance(await resetting, User)
    found = await desk.list_of(DESK, user.id)
    assert isinstance(found, FactorList)
    assert (found.passkeys, found.app_since) == (0, None)
