"""Factors in the store: each challenge and each counter counts once, on either database."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from broker.model.ids import TenantId
from broker.model.passkeys import ChallengePurpose, Passkey, PasskeyChallenge
from broker.model.records import User
from broker.store import SqlStore
from tests.factories import a_tenant, a_user


async def with_passkey(store: SqlStore) -> tuple[User, Passkey]:
    async with store.write() as tx:
        await tx.people.put_tenant(a_tenant())
        user = await tx.people.put_user(a_user())
        passkey = Passkey(
            tenant_id=user.tenant_id,
            id="one",
            user_id=user.id,
            rp_id="localhost",
            credential_id=b"\x00key",
            public_key=b"\xa0",
            sign_count=2**32 - 1,
            aaguid="",
            name="鍵",
            created_at=tx.now,
        )
        assert await tx.factors.add_passkey(passkey)
        assert not await tx.factors.add_passkey(replace(passkey, id="two")), "this credential is there already"
    return user, passkey


async def test_of_two_who_saw_the_same_counter_one_counts(store: SqlStore) -> None:
    user, passkey = await with_passkey(store)

    async def use() -> bool:
        async with store.write() as tx:
            return await tx.factors.mark_passkey_used(passkey, 7)

    assert sorted(await asyncio.gather(use(), use())) == [False, True]
    async with store.read() as tx:
        [stored] = await tx.factors.list_passkeys(user.tenant_id, user.id)
        assert (stored.sign_count, stored.last_used_at is not None) == (7, True)
        assert await tx.factors.find_passkey(TenantId("other"), passkey.credential_id) is None
        found = await tx.people.get_user(user.tenant_id, user.id)
        assert found is not None
        assert found.is_enrolled


async def test_who_changes_factors_waits_for_who_is_at_them(store: SqlStore) -> None:
    user, _passkey = await with_passkey(store)

    async def hold(login_of: User) -> None:
        async with store.write() as tx:
            await tx.factors.hold_factors(login_of.tenant_id, login_of.id)

    async with store.write() as tx:
        await tx.factors.hold_factors(user.tenant_id, user.id)
        second = asyncio.create_task(hold(user))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(second), 0.5)
    await asyncio.wait_for(second, 10)


async def test_a_challenge_is_taken_once_in_its_time_and_purged_afterwards(store: SqlStore) -> None:
    user, _passkey = await with_passkey(store)
    bound = bytes(32)

    async def put(challenge_hash: bytes) -> None:
        async with store.write() as tx:
            await tx.factors.put_challenge(
                PasskeyChallenge(
                    challenge_hash=challenge_hash,
                    tenant_id=user.tenant_id,
                    bound_to=bound,
                    purpose=ChallengePurpose.ADD,
                    expires_at=tx.now + timedelta(minutes=5),
                )
            )

    async def take(challenge_hash: bytes, purpose: ChallengePurpose = ChallengePurpose.ADD) -> bool:
        async with store.write() as tx:
            return await tx.factors.take_challenge(challenge_hash, bound, purpose)

    await put(b"1" * 32)
    assert not await take(b"1" * 32, ChallengePurpose.STEP_UP)
    assert sorted(await asyncio.gather(take(b"1" * 32), take(b"1" * 32))) == [False, True]
    await put(b"2" * 32)
    await put(b"3" * 32)
    assert not await take(b"2" * 32), "a newer one took its place"
    store.shift_clock(timedelta(minutes=6))
    assert not await take(b"3" * 32)
    async with store.write() as tx:
        assert await tx.signin.purge_expired(idle_limit=timedelta(hours=1), known_limit=timedelta(days=1)) == 1
