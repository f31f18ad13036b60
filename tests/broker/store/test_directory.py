"""People of directories as the console asks for them, on both databases alike."""

from broker.model.directory import KnownPerson, ListedGroup, ListedPerson
from broker.model.passkeys import Passkey
from broker.ports import Transaction
from broker.store import SqlStore
from tests.broker.store.rows import CITY, THEN, TOWN, a_user, an_enrolment, fill, put_city

DIRECTORY = "directory"


def listed(login: str, name: str = "髙橋", *, department: str = "市民課", groups: str = "職員") -> ListedPerson:
    return ListedPerson(
        entry_id=f"entry-{login}",
        login=login,
        display_name=name,
        department=department,
        groups=frozenset(groups.split("|")),
    )


def a_passkey() -> Passkey:
    return Passkey(
        tenant_id=CITY,
        id="key-1",
        user_id=a_user(2).id,
        rp_id="city.example",
        credential_id=b"1",
        public_key=b"2",
        sign_count=0,
        aaguid="",
        name="鍵",
        created_at=THEN,
    )


async def put(tx: Transaction, *people: ListedPerson, round_: int = 1) -> None:
    await tx.directory.put_people(CITY, DIRECTORY, people, round_)


async def found(store: SqlStore, text: str = "", *, only_new: bool = False) -> list[KnownPerson]:
    async with store.read() as tx:
        return await tx.directory.search_people(CITY, text, after=None, limit=100, only_new=only_new)


async def test_it_is_told_who_has_an_account_and_a_factor(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await put(tx, listed("staff001"), listed("staff002"), listed("staff003"), listed("newcomer"))
        await tx.signin.add_enrolment(an_enrolment(a_user(1)), [])
        await tx.factors.add_passkey(a_passkey())
        await tx.people.mark_signed_in(CITY, a_user(1).id)
    people = {person.login: person for person in await found(store)}
    assert (people["staff001"].user_id, people["staff001"].is_enrolled) == (a_user(1).id, True)
    assert people["staff001"].last_signed_in_at is not None
    assert (people["staff002"].user_id, people["staff002"].is_enrolled) == (a_user(2).id, True)
    assert (people["staff003"].user_id, people["staff003"].is_enrolled) == (a_user(3).id, False)
    assert (people["newcomer"].user_id, people["newcomer"].is_enrolled) == (None, False)
    assert [person.login for person in await found(store, only_new=True)] == ["newcomer"]


async def test_a_part_of_name_login_or_department_finds_and_signs_of_patterns_are_letters(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await put(tx, listed("a_b", "百 %"), listed("axb", "百 太郎"), listed("c", department="A%Z課"))
    assert [person.login for person in await found(store, "a_b")] == ["a_b"]
    assert [person.login for person in await found(store, "百")] == ["a_b", "axb"]
    assert [person.login for person in await found(store, "%")] == ["a_b", "c"]
    assert [person.login for person in await found(store, "a%z")] == ["c"]


async def test_pages_follow_each_other_without_a_gap_though_two_have_the_same_login(store: SqlStore) -> None:
    await fill(store)
    people = [*(listed(f"s{number}") for number in range(7))]
    twin = ListedPerson(
        entry_id="other", login="s3", display_name="同姓", department="税務課", groups=frozenset({"職員"})
    )
    async with store.write() as tx:
        await put(tx, *people, twin)
    told: list[str] = []
    after: tuple[str, str] | None = None
    while True:
        async with store.read() as tx:
            page = await tx.directory.search_people(CITY, "", after=after, limit=3)
        if not page:
            break
        told += [person.entry_id for person in page]
        after = (page[-1].login, page[-1].entry_id)
    assert sorted(told) == sorted(person.entry_id for person in (*people, twin))


async def test_members_are_those_of_exactly_this_group(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await put(
            tx,
            listed("a", groups='係長|Tele"work'),
            listed("b", groups="係長補佐"),
            listed("c", groups="TELE"),
            listed("d", groups="tele"),
        )
    async with store.read() as tx:
        assert await tx.directory.list_members(CITY, DIRECTORY, "係長", 10) == ["a"]
        assert await tx.directory.list_members(CITY, DIRECTORY, 'Tele"work', 10) == ["a"]
        assert await tx.directory.list_members(CITY, DIRECTORY, "tele", 10) == ["d"]


async def test_who_is_gone_counts_nowhere_and_who_comes_back_does(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await put(tx, listed("a"), listed("b", department="税務課"))
        await tx.directory.put_groups(CITY, DIRECTORY, [ListedGroup(entry_id="g", name="職員")], 1)
        await tx.directory.see(CITY, DIRECTORY, ["entry-a"], 2)
        assert await tx.directory.sweep(CITY, DIRECTORY, 2, 10) == 1
        assert await tx.directory.sweep(CITY, DIRECTORY, 2, 10) == 1
        assert await tx.directory.sweep(CITY, DIRECTORY, 2, 10) == 0
    async with store.read() as tx:
        assert [one.name for one in await tx.directory.list_departments(CITY)] == ["市民課"]
        assert await tx.directory.list_groups(CITY) == []
        counts = await tx.directory.counts(CITY, DIRECTORY)
    assert (counts.people, counts.groups, counts.departments) == (1, 0, 1)
    async with store.write() as tx:
        await put(tx, listed("b", department="税務課"), round_=3)
    assert [person.login for person in await found(store)] == ["a", "b"]


async def test_a_lease_is_one_holders_alone_and_each_tenant_has_its_own(store: SqlStore) -> None:
    await fill(store)
    async with store.write() as tx:
        await put_city(tx, tenant_id=TOWN)
        for tenant in (CITY, TOWN):
            await tx.directory.add_state(tenant, DIRECTORY)
            await tx.directory.add_state(tenant, DIRECTORY)
    async with store.write() as tx:
        first = await tx.directory.take_lease(CITY, DIRECTORY, "one", 60)
        assert first is not None
        assert await tx.directory.take_lease(CITY, DIRECTORY, "two", 60) is None
        assert await tx.directory.take_lease(TOWN, DIRECTORY, "two", 60) is not None
        assert await tx.directory.take_lease(CITY, "other", "two", 60) is None
