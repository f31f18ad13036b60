"""Throttles, factors and browsers."""

import asyncio
from datetime import timedelta

import msgspec

from broker.model.records import PendingSignin
from broker.model.throttle import Throttle
from broker.secret import Sealed, hash_token
from broker.store import SqlStore
from tests.broker.store.rows import CITY, THEN, a_session, a_ticket, a_user, a_web_session, an_enrolment, fill


def _pending(token: str) -> PendingSignin:
    return PendingSignin(
        token_hash=hash_token(token),
        tenant_id=CITY,
        login="staff001",
        user_id=None,
        password_refusal="unknown_user",
        must_enrol=False,
        enrolment_secret=Sealed(b"sealed"),
        code_failures=0,
        address="192.0.2.7",
        user_agent="Chromium",
        created_at=THEN,
        expires_at=THEN + timedelta(minutes=10),
    )


async def test_a_code_of_the_app_counts_once_even_when_it_is_typed_in_two_places(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        assert await tx.signin.add_enrolment(an_enrolment(a_user(1)), [])

    async def try_step(step: int) -> bool:
        async with store.write() as tx:
            return await tx.signin.advance_totp_step(CITY, a_user(1).id, step)

    assert sorted(await asyncio.gather(*(try_step(59_000_000) for _ in range(8)))) == [False] * 7 + [True]
    assert not await try_step(58_999_999)
    assert await try_step(59_000_001)


async def test_a_recovery_code_counts_once(store: SqlStore) -> None:
    await fill(store)
    hashes = [hash_token(f"code-{number}") for number in range(10)]
    async with store.write() as tx:
        assert await tx.signin.add_enrolment(an_enrolment(a_user(1)), hashes)

    async def use(code_hash: bytes) -> bool:
        async with store.write() as tx:
            return await tx.signin.use_recovery_code(CITY, a_user(1).id, code_hash)

    assert sorted(await asyncio.gather(use(hashes[0]), use(hashes[0]))) == [False, True]
    assert not await use(hash_token("no such code"))
    async with store.read() as tx:
        assert await tx.signin.count_recovery_codes(CITY, a_user(1).id) == 9


async def test_a_second_enrolment_is_refused_until_the_first_is_removed(store: SqlStore) -> None:
    await fill(store)
    enrolment = an_enrolment(a_user(1))
    async with store.write() as tx:
        assert await tx.signin.add_enrolment(enrolment, [b"1" * 32])
        assert not await tx.signin.add_enrolment(enrolment, [b"2" * 32])
        assert await tx.signin.count_recovery_codes(CITY, a_user(1).id) == 1
        assert await tx.signin.remove_enrolment(CITY, a_user(1).id)
        assert not await tx.signin.remove_enrolment(CITY, a_user(1).id)
        assert await tx.signin.get_enrolment(CITY, a_user(1).id) is None
        assert await tx.signin.add_enrolment(enrolment, [b"3" * 32])
        assert await tx.signin.get_enrolment(CITY, a_user(1).id) == enrolment


async def test_failures_that_come_at_the_same_time_are_all_counted(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            known = await tx.signin.get_throttles(["account:aoba:staff001", "address:192.0.2.7"])
            for key in ("account:aoba:staff001", "address:192.0.2.7"):
                failures = known[key].failures if key in known else 0
                await tx.signin.put_throttle(
                    Throttle(key=key, failures=failures + 1, first_failed_at=tx.now, blocked_until=None)
                )

    await asyncio.gather(*(fail() for _ in range(20)))
    async with store.write() as tx:
        throttles = await tx.signin.get_throttles(["account:aoba:staff001", "address:192.0.2.7", "other"])
        assert {key: throttle.failures for key, throttle in throttles.items()} == {
            "account:aoba:staff001": 20,
            "address:192.0.2.7": 20,
        }
        await tx.signin.clear_throttle("account:aoba:staff001")
        assert await tx.signin.get_throttles(["account:aoba:staff001"]) == {}


async def test_a_sign_in_in_progress_is_consumed_by_one_caller(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await tx.signin.add_pending(_pending("p"))
        await tx.signin.update_pending(msgspec.structs.replace(_pending("p"), code_failures=2, user_id=a_user(1).id))
        changed = await tx.signin.get_pending(hash_token("p"))
        assert changed == msgspec.structs.replace(_pending("p"), code_failures=2, user_id=a_user(1).id)

    async def consume() -> bool:
        async with store.write() as tx:
            return await tx.signin.consume_pending(hash_token("p"))

    assert sorted(await asyncio.gather(consume(), consume(), consume())) == [False, False, True]


async def test_signing_out_everywhere_removes_all_browsers_of_one_person(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        for token in ("pc", "tablet"):
            await tx.signin.add_web_session(a_web_session(token, tx.now))
        await tx.signin.add_web_session(a_web_session("colleague", tx.now, a_user(2)))
        assert await tx.signin.remove_web_session(hash_token("pc"))
        assert not await tx.signin.remove_web_session(hash_token("pc"))
        await tx.signin.add_web_session(a_web_session("pc", tx.now))
        assert await tx.signin.remove_web_sessions_of(CITY, a_user(1).id) == 2
        assert await tx.signin.get_web_session(hash_token("tablet")) is None
        assert await tx.signin.get_web_session(hash_token("colleague")) is not None


async def test_what_is_over_is_removed_and_what_is_in_use_stays(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        now = tx.now
        session = a_session()
        assert await tx.sessions.add_session(session)
        await tx.sessions.add_ticket(a_ticket(session, "old", now - timedelta(hours=2)))
        await tx.sessions.add_ticket(a_ticket(session, "late", now - timedelta(minutes=5)))
        await tx.signin.add_pending(_pending("over"))
        await tx.signin.add_web_session(a_web_session("idle", now - timedelta(minutes=40)))
        await tx.signin.add_web_session(a_web_session("old", now - timedelta(hours=11)))
        await tx.signin.add_web_session(a_web_session("active", now - timedelta(minutes=40)))
        await tx.signin.touch_web_session(hash_token("active"), now)
        long_ago = now - timedelta(days=2)
        stale = Throttle(key="stale", failures=3, first_failed_at=long_ago, blocked_until=None)
        await tx.signin.put_throttle(stale)
        blocked = msgspec.structs.replace(stale, key="blocked", blocked_until=now + timedelta(minutes=1))
        await tx.signin.put_throttle(blocked)
    async with store.write() as tx:
        assert await tx.signin.purge_expired(idle_limit=timedelta(minutes=30), known_limit=timedelta(days=30)) == 5
        assert await tx.signin.get_web_session(hash_token("active")) is not None
        assert await tx.signin.get_throttles(["stale", "blocked"]) == {"blocked": blocked}
        assert await tx.sessions.get_ticket(hash_token("late")) is not None
        assert await tx.sessions.get_ticket(hash_token("old")) is None


async def test_the_last_addresses_of_an_account_are_known_for_a_while(store: SqlStore) -> None:
    for number in range(4):
        async with store.write() as tx:
            await tx.signin.remember_address("acct:c:yamada", hash_token(str(number)), max_kept=3)
            await tx.signin.remember_address("acct:c:suzuki", hash_token("0"), max_kept=3)
        store.shift_clock(timedelta(days=1))
    async with store.write() as tx:
        long_ago, lately = tx.now - timedelta(days=30), tx.now - timedelta(days=1, hours=1)
        known = [
            await tx.signin.is_known_address("acct:c:yamada", hash_token(str(n)), since=long_ago) for n in range(5)
        ]
        assert known == [False, True, True, True, False]
        assert not await tx.signin.is_known_address("acct:c:yamada", hash_token("2"), since=lately)
        assert await tx.signin.is_known_address("acct:c:yamada", hash_token("3"), since=lately)
        assert await tx.signin.purge_expired(idle_limit=timedelta(minutes=30), known_limit=timedelta(hours=30)) == 2
        assert await tx.signin.is_known_address("acct:c:suzuki", hash_token("0"), since=long_ago)
