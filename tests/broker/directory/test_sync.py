"""A directory is kept, round by round: what changes is taken over, who leaves is gone, and half an answer is none."""

import contextlib
from datetime import timedelta

import msgspec
import pytest

from broker.directory.desk import DirectoryDesk
from broker.directory.records import DoubtConfirmed, NothingDoubted, Prepared
from broker.directory.rules import Rhythm
from broker.directory.sync import DirectorySync, SyncedDirectory
from broker.model.actor import Actor
from broker.model.directory import DirectoryState, KnownPerson, SyncKind, SyncPhase, SyncResult
from broker.model.kinds import Role
from broker.people.records import NoSuchPerson
from broker.policy.administration import NotAllowed
from broker.ports import AuditQuery
from broker.store import SqlStore
from tests.broker.store.rows import CITY, TOWN, fill, put_city
from tests.fakes.directory import PagedDirectory, a_person
from tests.fakes.mortal import Fuse, Killed, MortalStore

DIRECTORY = "directory"
RHYTHM = Rhythm(changes_s=600, full_s=21_600)
DESK = Actor(tenant_id=CITY, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address="192.0.2.9")


class Hall:
    """A city hall with one directory and as many brokers as a test wants."""

    def __init__(self, store: SqlStore, source: PagedDirectory) -> None:
        self.store = store
        self.source = source
        self.desk = DirectoryDesk(store, {CITY: [DIRECTORY]})
        self.sync = self.broker()

    def broker(self, fuse: Fuse | None = None) -> DirectorySync:
        store = self.store if fuse is None else MortalStore(self.store, fuse)
        return DirectorySync(store, {(CITY, DIRECTORY): SyncedDirectory(self.source, RHYTHM)})

    async def look(self, sync: DirectorySync | None = None) -> DirectoryState:
        await (sync or self.sync).look(CITY, DIRECTORY)
        return await self.state()

    async def ask(self, kind: SyncKind) -> DirectoryState:
        await self.desk.ask_sync(DESK, kind)
        return await self.look()

    async def state(self) -> DirectoryState:
        async with self.store.read() as tx:
            state = await tx.directory.get_state(CITY, DIRECTORY)
        assert state is not None
        return state

    async def people(self) -> dict[str, KnownPerson]:
        async with self.store.read() as tx:
            found = await tx.directory.search_people(CITY, "", after=None, limit=10_000)
        return {person.login: person for person in found}

    async def events(self, event: str) -> list[dict[str, str]]:
        async with self.store.read() as tx:
            return [dict(one.detail) for one in await tx.audit.search(CITY, AuditQuery(event_prefix=event, limit=50))]


@pytest.fixture
async def hall(store: SqlStore) -> Hall:
    await fill(store)
    return Hall(store, PagedDirectory(*(a_person(number) for number in range(10))))


async def test_the_first_round_keeps_everybody_exactly_and_the_next_finds_nothing_new(hall: Hall) -> None:
    odd = msgspec.structs.replace(a_person(3), display_name="葛󠄀城 ｱｷ\u3099", login="係 長,=*", department="ﾃｽﾄ課")
    hall.source.put(odd)
    state = await hall.look()
    assert (state.phase, state.result, state.read_people, state.added) == (SyncPhase.IDLE, SyncResult.OK, 10, 11)
    people = await hall.people()
    assert len(people) == 10
    kept = people["係 長,=*"]
    assert (kept.display_name, kept.department, kept.groups) == (odd.display_name, odd.department, odd.groups)
    again = await hall.ask(SyncKind.FULL)
    assert (again.read_people, again.added, again.changed) == (10, 0, 0)
    assert [one["added"] for one in await hall.events("directory.synced")] == ["11"]


async def test_nothing_is_read_before_it_is_due(hall: Hall) -> None:
    await hall.look()
    await hall.look()
    assert hall.source.readings == ["full"]
    hall.store.shift_clock(timedelta(seconds=RHYTHM.changes_s))
    await hall.look()
    assert hall.source.readings == ["full", "changes"]
    hall.store.shift_clock(timedelta(seconds=RHYTHM.full_s))
    await hall.look()
    assert hall.source.readings == ["full", "changes", "full"]


async def test_a_round_of_changes_reads_what_changed(hall: Hall) -> None:
    await hall.look()
    hall.source.put(a_person(3, department="税務課", is_enabled=False), a_person(77))
    state = await hall.ask(SyncKind.CHANGES)
    assert (state.read_people, state.added, state.changed) == (2, 1, 1)
    people = await hall.people()
    assert (people["p00003"].department, people["p00003"].is_enabled) == ("税務課", False)
    assert "p00077" in people


async def test_who_was_taken_out_of_a_group_is_noticed_though_their_own_entry_is_as_before(hall: Hall) -> None:
    hall.source.touch_group("g-2", "係長")
    for number in (1, 2):
        hall.source.put(a_person(number, "職員", "係長"))
    await hall.look()
    hall.source.people["entry-00001"] = a_person(1, "職員")  # no change of the entry itself is told
    hall.source.touch_group("g-2", "係長")
    await hall.ask(SyncKind.CHANGES)
    people = await hall.people()
    assert people["p00001"].groups == {"職員"}
    assert people["p00002"].groups == {"職員", "係長"}


async def test_who_has_left_is_gone_after_a_whole_answer_and_may_come_back(hall: Hall) -> None:
    await hall.look()
    left = hall.source.people.pop("entry-00004")
    await hall.ask(SyncKind.CHANGES)
    assert "p00004" in await hall.people()
    await hall.ask(SyncKind.FULL)
    assert "p00004" not in await hall.people()
    assert (await hall.events("directory.synced"))[0]["gone"] == "1"
    hall.source.put(left)
    await hall.ask(SyncKind.CHANGES)
    assert "p00004" in await hall.people()


async def test_somebody_new_is_given_an_account_that_lets_nobody_in(hall: Hall) -> None:
    hall.source.put(a_person(20, is_enabled=False), msgspec.structs.replace(a_person(21), login="p00001"))
    await hall.look()
    outcome = await hall.desk.prepare(DESK, "p00005")
    assert isinstance(outcome, Prepared)
    async with hall.store.read() as tx:
        user = await tx.people.find_user(CITY, "p00005")
    assert user is not None
    assert (user.id, user.display_name, user.roles) == (outcome.user_id, "髙橋 5", frozenset())
    assert (user.is_enrolled, user.last_signed_in_at) == (False, None)
    assert await hall.desk.prepare(DESK, "p00005") == outcome
    assert await hall.events("user.prepared") == [{"login": "p00005"}]
    for login in ("p00020", "p00001", "P00005", "nobody", ""):
        assert await hall.desk.prepare(DESK, login) == NoSuchPerson(), login
    auditor = msgspec.structs.replace(DESK, roles=frozenset({Role.AUDITOR}))
    assert isinstance(await hall.desk.prepare(auditor, "p00006"), NotAllowed)


async def test_who_has_been_gone_for_long_is_forgotten(hall: Hall) -> None:
    await hall.look()
    del hall.source.people["entry-00004"]
    await hall.ask(SyncKind.FULL)
    for days, is_kept in ((89, True), (2, False)):
        hall.store.shift_clock(timedelta(days=days))
        await hall.ask(SyncKind.FULL)
        async with hall.store.read() as tx:
            assert bool(await tx.directory.find_people(CITY, DIRECTORY, ["entry-00004"])) is is_kept
    assert len(await hall.people()) == 9


async def test_half_an_answer_takes_nobody_away(hall: Hall) -> None:
    await hall.look()
    hall.source.breaks_after = 2
    for _ in range(3):
        state = await hall.ask(SyncKind.FULL)
        assert (state.phase, state.result, state.fault) == (SyncPhase.IDLE, SyncResult.FAILED, "the server hung up")
    assert len(await hall.people()) == 10
    assert len(await hall.events("directory.sync_failed")) == 1
    hall.source.breaks_after = None
    hall.store.shift_clock(timedelta(seconds=60))
    assert (await hall.look()).result is SyncResult.OK


async def test_a_much_smaller_answer_is_doubted_until_the_directory_is_mended(hall: Hall) -> None:
    await hall.look()
    everybody = dict(hall.source.people)
    for number in range(2, 10):
        del hall.source.people[f"entry-{number:05}"]
    for _ in range(3):
        state = await hall.ask(SyncKind.FULL)
        assert state.result is SyncResult.DOUBTED
        assert state.doubt is not None
        assert (state.doubt.known, state.doubt.missing) == (10, 8)
    assert len(await hall.people()) == 10
    assert await hall.events("directory.sync_doubted") == [{"missing": "8", "known": "10"}]
    # Changes are read meanwhile.
    hall.source.put(a_person(50))
    assert (await hall.ask(SyncKind.CHANGES)).result is SyncResult.DOUBTED
    assert "p00050" in await hall.people()
    hall.source.people.update(everybody)
    state = await hall.ask(SyncKind.FULL)
    assert (state.result, state.doubt) == (SyncResult.OK, None)
    assert len(await hall.people()) == 11


async def test_the_desk_confirms_that_so_many_have_left(hall: Hall) -> None:
    await hall.look()
    for number in range(2, 10):
        del hall.source.people[f"entry-{number:05}"]
    state = await hall.ask(SyncKind.FULL)
    assert state.doubt is not None
    other = await hall.desk.confirm_doubt(DESK, DIRECTORY, state.doubt.round - 1, "広域連合へ移管")
    assert other == NothingDoubted()
    outcome = await hall.desk.confirm_doubt(DESK, DIRECTORY, state.doubt.round, "広域連合へ移管")
    assert outcome == DoubtConfirmed(8)
    assert (await hall.look()).result is SyncResult.OK
    assert sorted(await hall.people()) == ["p00000", "p00001"]
    assert (await hall.events("directory.doubt_confirmed"))[0]["reason"] == "広域連合へ移管"


async def test_what_came_back_before_the_desk_confirmed_stays(hall: Hall) -> None:
    await hall.look()
    back = hall.source.people["entry-00005"]
    for number in range(2, 10):
        del hall.source.people[f"entry-{number:05}"]
    state = await hall.ask(SyncKind.FULL)
    hall.source.put(back)
    await hall.ask(SyncKind.CHANGES)
    assert state.doubt is not None
    await hall.desk.confirm_doubt(DESK, DIRECTORY, state.doubt.round, "広域連合へ移管")
    await hall.look()
    assert sorted(await hall.people()) == ["p00000", "p00001", "p00005"]


async def test_another_server_is_read_from_end_to_end(hall: Hall) -> None:
    await hall.look()
    hall.source.server = "dc2"
    state = await hall.ask(SyncKind.CHANGES)
    assert hall.source.readings == ["full", "changes", "full"]
    assert (state.result, state.server) == (SyncResult.OK, "dc2")


async def test_one_broker_at_a_time_reads(hall: Hall) -> None:
    """A second one that looks in the middle of every page finds the row held and does nothing."""
    second = hall.broker()
    async with hall.store.write() as tx:
        await tx.directory.add_state(CITY, DIRECTORY)
        held = await tx.directory.take_lease(CITY, DIRECTORY, "first", 60)
    assert held is not None
    assert (await hall.look(second)).round == 0
    hall.store.shift_clock(timedelta(seconds=61))
    assert (await hall.look(second)).round == 1


async def test_who_lost_the_lease_stores_nothing_more(hall: Hall) -> None:
    """A broker that slept through its lease in the middle of a page wakes up after another one has read it all."""
    await hall.look()
    second = hall.broker()
    await hall.desk.ask_sync(DESK, SyncKind.FULL)

    async def oversleep() -> None:
        hall.source.on_page = None
        hall.store.shift_clock(timedelta(seconds=121))
        hall.source.put(a_person(2, department="税務課"))
        assert (await hall.look(second)).result is SyncResult.OK

    hall.source.on_page = oversleep
    state = await hall.look()
    assert (state.round, state.phase, state.read_people) == (3, SyncPhase.IDLE, 10)
    assert (await hall.people())["p00002"].department == "税務課"


async def test_the_directories_of_a_tenant_are_its_own(hall: Hall) -> None:
    async with hall.store.write() as tx:
        await put_city(tx, tenant_id=TOWN)
    await hall.look()
    stranger = msgspec.structs.replace(DESK, tenant_id=TOWN)
    found = await hall.desk.search(stranger, "")
    assert getattr(found, "people", None) == ()
    async with hall.store.read() as tx:
        assert await tx.directory.list_departments(TOWN) == []


@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.full)])
async def test_a_broker_that_is_killed_anywhere_leaves_what_another_one_completes(hall: Hall, stride: int) -> None:
    """At every await (or every fourth) of a round in which somebody came, somebody changed and somebody left."""
    await hall.look()
    burns_at = 0
    while True:
        burns_at += stride
        hall.source.people.pop(f"entry-{(burns_at - 1) % 10:05}", None)
        hall.source.put(a_person(burns_at % 10, department=f"{burns_at} 課"))
        before = set(await hall.people())
        await hall.desk.ask_sync(DESK, SyncKind.FULL)
        fuse = Fuse(burns_at)
        with contextlib.suppress(Killed):
            await hall.broker(fuse).look(CITY, DIRECTORY)
        wanted = {person.login: person.department for person in hall.source.people.values()}
        during = set(await hall.people())
        assert before & set(wanted) <= during
        hall.store.shift_clock(timedelta(seconds=181))
        state = await hall.look()
        assert state.phase is SyncPhase.IDLE
        if fuse.has_burnt:
            await hall.ask(SyncKind.FULL)
        assert {login: person.department for login, person in (await hall.people()).items()} == wanted
        if not fuse.has_burnt:
            break
    assert burns_at > 20


async def test_an_entry_that_no_database_takes_keeps_nobody_else_out(hall: Hall) -> None:
    endless = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(9000))
    hall.source.put(
        msgspec.structs.replace(
            a_person(20), display_name=f"山\x00田{endless}", department="課\x00", groups=frozenset({"g\x00"})
        )
    )
    hall.source.put(msgspec.structs.replace(a_person(21), login=endless))
    hall.source.put(msgspec.structs.replace(a_person(22), login="ya\x00mada"))
    state = await hall.look()
    assert state.result is SyncResult.OK
    people = await hall.people()
    assert set(people) == {a_person(number).login for number in (*range(10), 20)}
    kept = people[a_person(20).login]
    assert (kept.display_name[:2], len(kept.display_name), kept.department) == ("山田", 255, "課")
    assert kept.groups == frozenset()
    again = await hall.ask(SyncKind.FULL)
    assert (again.added, again.changed) == (0, 0), "the next round finds nothing new"
