"""Who would meet a rule: told by the list that the sync keeps where there is one, else by a search."""

from typing import Any

import msgspec
import pytest

from broker.directory.desk import DirectoryDesk
from broker.directory.mapping import MAX_SHOWN, MappingDesk, MatchView, RuleNotUsable
from broker.directory.rules import Rhythm
from broker.directory.sync import DirectorySync, SyncedDirectory
from broker.model.actor import Actor
from broker.model.directory import ListedPerson, SyncKind
from broker.model.directory_health import CheckFinding, ServerHealth
from broker.model.kinds import Role
from broker.model.mapping import MappingRule, Matched, MatchedPerson
from broker.policy.administration import Action, NotAllowed
from broker.ports import DirectoryUnavailable
from broker.store import SqlStore
from tests.broker.store.rows import CITY, fill
from tests.fakes.directory import PagedDirectory, a_person

DIRECTORY = "directory"
DESK = Actor(tenant_id=CITY, name="user:desk", roles=frozenset({Role.TENANT_ADMIN}), address="192.0.2.9")
AUDITOR = msgspec.structs.replace(DESK, roles=frozenset({Role.AUDITOR}))
STAFF = msgspec.structs.replace(DESK, roles=frozenset())
FOUND = Matched(
    people=(MatchedPerson(login="kamiya", display_name="神谷 髙志", department="税務課"),),
    looked_at=1,
    is_complete=True,
)


class Searched:
    """Implements :class:`broker.ports.directory_servers.DirectoryServers`."""

    def __init__(self) -> None:
        self.searches: list[MappingRule] = []
        self.answer: Matched | DirectoryUnavailable = FOUND

    def health(self) -> list[ServerHealth]:
        return []

    async def check(self) -> list[CheckFinding]:
        return []

    async def find_people(self, directory: str, rule: MappingRule) -> Matched | DirectoryUnavailable:
        assert directory == DIRECTORY
        self.searches.append(rule)
        return self.answer


def rule(**fields: Any) -> MappingRule:
    return msgspec.convert({"id": "r", "is_head": True} | fields, MappingRule)


@pytest.fixture
def servers() -> Searched:
    return Searched()


@pytest.fixture
async def desk(sqlite_store: SqlStore, servers: Searched) -> MappingDesk:
    await fill(sqlite_store)
    rules = {CITY: {DIRECTORY: (rule(groups=["x"], is_draft=True),)}}
    return MappingDesk(sqlite_store, {CITY: servers}, rules)


async def keep_list(store: SqlStore, *people: ListedPerson) -> None:
    source = PagedDirectory(*people)
    sync = DirectorySync(store, {(CITY, DIRECTORY): SyncedDirectory(source, Rhythm(changes_s=600, full_s=21_600))})
    await sync.look(CITY, DIRECTORY)
    await DirectoryDesk(store, {CITY: [DIRECTORY]}).ask_sync(DESK, SyncKind.FULL)
    await sync.look(CITY, DIRECTORY)


async def test_the_list_tells_of_everybody_and_the_directory_is_left_in_peace(
    sqlite_store: SqlStore, desk: MappingDesk, servers: Searched
) -> None:
    people = [a_person(number) for number in range(1200)]
    leaders = frozenset({"所属長"})
    people[7] = msgspec.structs.replace(people[7], groups=leaders, department="税務課")
    people[1100] = msgspec.structs.replace(people[1100], groups=leaders, department="市民課")
    await keep_list(sqlite_store, *people)
    found = await desk.match(DESK, DIRECTORY, rule(groups=["所属長"]))
    assert isinstance(found, MatchView)
    assert {person.login for person in found.people} == {people[7].login, people[1100].login}
    assert (found.looked_at, found.is_complete, found.is_from_list, found.is_everybody) == (1200, True, True, False)
    narrower = await desk.match(DESK, DIRECTORY, rule(groups=["所属長"], departments=["税務課"]))
    assert isinstance(narrower, MatchView)
    assert [person.login for person in narrower.people] == [people[7].login]
    everybody = await desk.match(DESK, DIRECTORY, MappingRule(id="r", everybody=True, entitlements=["telework"]))
    assert isinstance(everybody, MatchView)
    assert (everybody.count, len(everybody.people), everybody.is_everybody) == (1200, MAX_SHOWN, True)
    assert servers.searches == []


async def test_without_a_list_the_directory_is_searched(desk: MappingDesk, servers: Searched) -> None:
    found = await desk.match(AUDITOR, DIRECTORY, rule(groups=["所属長"]))
    assert isinstance(found, MatchView)
    assert (found.people, found.is_from_list) == (FOUND.people, False)
    assert len(servers.searches) == 1


async def test_a_rule_about_attributes_is_always_asked_of_the_directory(
    sqlite_store: SqlStore, desk: MappingDesk, servers: Searched
) -> None:
    await keep_list(sqlite_store, a_person(1))
    found = await desk.match(DESK, DIRECTORY, rule(attributes={"title": ["課長"]}))
    assert isinstance(found, MatchView)
    assert len(servers.searches) == 1


async def test_nobody_guesses_passwords_by_asking_who_has_which_hash(desk: MappingDesk, servers: Searched) -> None:
    for name in (
        "userPassword",
        "sambaNTPassword",
        "unicodePwd",
        "ms-Mcs-AdmPwd",
        "krbPrincipalKey",
        "msLAPS-Password",
    ):
        found = await desk.match(AUDITOR, DIRECTORY, rule(attributes={name: ["8846f7eaee8fb117ad06bdd830b7586c"]}))
        assert isinstance(found, RuleNotUsable), name
    assert servers.searches == []


async def test_what_cannot_be_answered_is_said(desk: MappingDesk, servers: Searched) -> None:
    refused = await desk.match(DESK, DIRECTORY, MappingRule(id="r", everybody=True, roles=[Role.TENANT_ADMIN]))
    assert isinstance(refused, RuleNotUsable)
    assert isinstance(await desk.match(DESK, "elsewhere", rule(groups=["x"])), DirectoryUnavailable)
    servers.answer = DirectoryUnavailable("no answer within 8 s")
    assert await desk.match(DESK, DIRECTORY, rule(groups=["x"])) == servers.answer


async def test_only_who_may_see_people_is_told(desk: MappingDesk, servers: Searched) -> None:
    assert await desk.match(STAFF, DIRECTORY, rule(groups=["x"])) == NotAllowed(Action.SEE_PEOPLE)
    assert await desk.list_rules(STAFF) == NotAllowed(Action.SEE_DIRECTORY)
    rows = await desk.list_rules(AUDITOR)
    assert isinstance(rows, list)
    assert [row.rule.is_draft for row in rows] == [True]
    assert servers.searches == []
