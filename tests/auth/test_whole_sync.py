"""A real directory is kept in a real store: what changes there shows here, and a line that breaks takes nobody away."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import ldap3
import pytest

from auth.ldap_listing import LdapListing
from broker.directory.desk import DirectoryDesk
from broker.directory.records import DirectoryView
from broker.directory.rules import Rhythm
from broker.directory.sync import DirectorySync, SyncedDirectory
from broker.model.actor import Actor
from broker.model.directory import SyncKind, SyncResult
from broker.model.kinds import Role
from broker.store import SqlStore
from tests.broker.store.rows import CITY, fill
from tests.parts.cutting import cutting_line
from tests.parts.slapd import SUFFIX
from tests.parts.staffed import StaffedSlapd, clerk_of, login_of, person_dn, run_staffed_slapd

pytestmark = pytest.mark.real

STAFF = 600
EVERYBODY = 16_000
DIRECTORY = "directory"
RHYTHM = Rhythm(changes_s=600, full_s=21_600)
DESK = Actor(tenant_id=CITY, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address="192.0.2.9")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[StaffedSlapd]:
    with run_staffed_slapd(tmp_path / "hall", STAFF) as running:
        yield running


@pytest.fixture
async def kept(sqlite_store: SqlStore) -> AsyncIterator["Kept"]:
    await fill(sqlite_store)
    one = Kept(sqlite_store)
    yield one
    for listing in one.opened:
        listing.close()


class Kept:
    """What is kept of a directory, read over one line or another."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.desk = DirectoryDesk(store, {CITY: [DIRECTORY]})
        self.opened: list[LdapListing] = []

    async def sync(self, hall: StaffedSlapd, kind: SyncKind, **changes: object) -> DirectoryView:
        listing = LdapListing(hall.settings(**changes), hall.service_password, hall.ca_file)
        self.opened.append(listing)
        await self.desk.ask_sync(DESK, kind)
        sync = DirectorySync(self.store, {(CITY, DIRECTORY): SyncedDirectory(listing, RHYTHM)})
        await sync.look(CITY, DIRECTORY)
        found = await self.desk.status(DESK)
        assert isinstance(found, list)
        return found[0]

    async def department_of(self, login: str) -> tuple[str, frozenset[str]] | None:
        async with self.store.read() as tx:
            found = await tx.directory.search_people(CITY, login, after=None, limit=1)
        return (found[0].department, found[0].groups) if found else None


async def test_what_changes_in_the_directory_changes_in_the_list(hall: StaffedSlapd, kept: Kept) -> None:
    view = await kept.sync(hall, SyncKind.FULL, page_size=100)
    assert (view.state.result, view.counts.people, view.counts.groups) == (SyncResult.OK, STAFF, 41)
    with clerk_of(hall) as clerk:
        clerk.modify(person_dn(8), {"ou": [(ldap3.MODIFY_REPLACE, ["税務課"])]})
        clerk.modify(f"cn=dept-03,ou=groups,{SUFFIX}", {"member": [(ldap3.MODIFY_DELETE, [person_dn(3)])]})
        for number in (10, 11, 12):
            clerk.delete(person_dn(number))
    view = await kept.sync(hall, SyncKind.CHANGES)
    assert (view.state.result, view.state.changed) == (SyncResult.OK, 2)
    assert await kept.department_of(login_of(8)) == ("税務課", frozenset({"dept-08"}))
    assert await kept.department_of(login_of(3)) == ("課03", frozenset())
    view = await kept.sync(hall, SyncKind.FULL)
    assert view.counts.people == STAFF - 3
    assert await kept.department_of(login_of(11)) is None


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
async def test_a_line_that_breaks_takes_nobody_away(hall: StaffedSlapd, kept: Kept, share: float) -> None:
    async with cutting_line(hall.port) as line:
        url = f"ldap://localhost:{line.port}"
        whole = await kept.sync(hall, SyncKind.FULL, url=url, page_size=50)
        assert whole.state.result is SyncResult.OK
        with clerk_of(hall) as clerk:
            clerk.delete(person_dn(5))
        line.cut_after, line.answered = int(line.answered * share), 0
        view = await kept.sync(hall, SyncKind.FULL, url=url, page_size=50)
        assert (view.state.result, view.counts.people) == (SyncResult.FAILED, STAFF)
        assert view.state.fault
        assert await kept.department_of(login_of(5)) is not None
        line.cut_after = None
        mended = await kept.sync(hall, SyncKind.FULL, url=url, page_size=50)
        assert (mended.state.result, mended.counts.people) == (SyncResult.OK, STAFF - 1)


async def test_an_account_that_may_read_less_takes_nobody_away(hall: StaffedSlapd, kept: Kept, tmp_path: Path) -> None:
    """First by a limit, which the server says; then by a smaller branch, which it does not say."""
    await kept.sync(hall, SyncKind.FULL)
    with run_staffed_slapd(tmp_path / "limited", STAFF, size_limit="300") as limited:
        view = await kept.sync(limited, SyncKind.FULL, page_size=100)
    before = view.counts.people
    assert view.state.result is SyncResult.FAILED
    assert before >= STAFF
    with clerk_of(hall) as clerk:
        clerk.add(f"ou=annex,{SUFFIX}", "organizationalUnit")
    view = await kept.sync(hall, SyncKind.FULL, user_base=f"ou=annex,{SUFFIX}")
    assert view.state.result is SyncResult.DOUBTED
    assert view.state.doubt is not None
    assert view.counts.people == before


@pytest.mark.full
@pytest.mark.timeout(300)
async def test_a_whole_prefecture_is_read_within_a_minute(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """16,000 people; while it goes on the event loop answers within a quarter of a second."""
    with run_staffed_slapd(tmp_path / "hall", EVERYBODY) as hall:
        before_mb = resident_mb()
        full_s, stalls = await timed(kept, hall, SyncKind.FULL)
        with clerk_of(hall) as clerk:
            for number in range(100):
                clerk.modify(person_dn(number * 7), {"ou": [(ldap3.MODIFY_REPLACE, ["税務課"])]})
        changes_s, _ = await timed(kept, hall, SyncKind.CHANGES)
        grown_mb = resident_mb() - before_mb
    view = await kept.desk.status(DESK)
    assert isinstance(view, list)
    assert (view[0].counts.people, view[0].state.changed) == (EVERYBODY, 100)
    p99_ms = sorted(stalls)[int(len(stalls) * 0.99)] * 1000
    with capsys.disabled():
        sys.stderr.write(
            f"\nfull {full_s:.1f} s, 100 changes {changes_s:.2f} s, {grown_mb:.0f} MB, loop p99 {p99_ms:.0f} ms\n"
        )
    assert full_s < 60
    assert changes_s < 10
    assert grown_mb < 150
    assert p99_ms < 250


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def timed(kept: Kept, hall: StaffedSlapd, kind: SyncKind) -> tuple[float, list[float]]:
    """How long a round takes in seconds, and how late the event loop was meanwhile, look by look."""
    began_s = last_s = time.monotonic()
    stalls: list[float] = []
    reading = asyncio.create_task(kept.sync(hall, kind))
    while not reading.done():
        await asyncio.sleep(0.002)
        now_s = time.monotonic()
        stalls.append(now_s - last_s)
        last_s = now_s
    assert (await reading).state.result is SyncResult.OK
    return time.monotonic() - began_s, stalls
