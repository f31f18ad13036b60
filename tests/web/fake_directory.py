"""A directory of a small city, synced, failing or in doubt, without a database."""

from datetime import timedelta

import msgspec

from broker.directory.records import (
    DepartmentsAndGroups,
    DirectoryView,
    DoubtConfirmed,
    FoundPeople,
    NoSuchDirectory,
    NothingDoubted,
    Prepared,
    SyncAsked,
)
from broker.model.actor import Actor
from broker.model.directory import Counted, DirectoryCounts, DirectoryState, KnownPerson, SyncKind, SyncResult
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import Action, NotAllowed, refuse_action
from tests.web.people import NEWCOMER, NOW, STAFF, TENANT_ID

PAGE: int = 2


def known(login: str, name: str, department: str, **changes: object) -> KnownPerson:
    fields: dict[str, object] = {
        "directory": "directory",
        "entry_id": f"entry-{login}",
        "login": login,
        "display_name": name,
        "department": department,
        "groups": frozenset({"telework", "係長, 市民課"}),
        "is_enabled": True,
        "expires_at": None,
        "gone_at": None,
    }
    return KnownPerson(**(fields | changes))  # type: ignore[arg-type]  # checked by the struct's fields


class SyncedDirectory:
    """What was asked is remembered; ``state`` is what a test wants to be shown."""

    def __init__(self) -> None:
        self.state = DirectoryState(
            tenant_id=TENANT_ID,
            directory="directory",
            result=SyncResult.OK,
            round=3,
            added=2,
            changed=1,
            finished_at=NOW - timedelta(minutes=5),
            full_at=NOW - timedelta(hours=3),
            next_at=NOW + timedelta(minutes=5),
        )
        self.people = [
            known(
                STAFF.login, STAFF.display_name, STAFF.department,
                user_id=STAFF.id, is_enrolled=True, last_signed_in_at=STAFF.last_signed_in_at,
            ),
            known(NEWCOMER.login, NEWCOMER.display_name, NEWCOMER.department, is_enabled=False),
            known("p3001", "期限 切夫", "税務課", expires_at=NOW - timedelta(days=1)),
        ]  # fmt: skip
        self.asked: list[tuple[SyncKind, str | None]] = []
        self.prepared: list[str] = []
        self.confirmed: list[tuple[int, str]] = []

    async def status(self, actor: Actor) -> list[DirectoryView] | NotAllowed:
        counts = DirectoryCounts(people=1204, groups=86, departments=41)
        view = DirectoryView(id=self.state.directory, state=self.state, counts=counts, now=NOW)
        return refuse_action(actor.roles, Action.SEE_DIRECTORY) or [view]

    async def search(
        self, actor: Actor, text: str, after: tuple[str, str] | None = None, *, only_new: bool = False
    ) -> FoundPeople | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        behind = [one for one in self.people if after is None or (one.login, one.entry_id) > after]
        found = [one for one in behind if text in one.display_name and not (only_new and one.user_id)]
        last = found[PAGE - 1] if len(found) > PAGE else None
        return FoundPeople(
            people=tuple(found[:PAGE]), next_after=(last.login, last.entry_id) if last else None, now=NOW
        )

    async def units(self, actor: Actor) -> DepartmentsAndGroups | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_DIRECTORY) or DepartmentsAndGroups(
            departments=(Counted(name="市民課", people=12),), groups=("telework",)
        )

    async def ask_sync(
        self, actor: Actor, kind: SyncKind, directory: str | None = None
    ) -> SyncAsked | NoSuchDirectory | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DIRECTORY):
            return refusal
        if directory not in (None, "directory"):
            return NoSuchDirectory()
        self.asked.append((kind, directory))
        self.state = msgspec.structs.replace(self.state, asked=kind)
        return SyncAsked(1)

    async def prepare(self, actor: Actor, login: str) -> Prepared | NoSuchPerson | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        self.prepared.append(login)
        return Prepared(NEWCOMER.id) if login == NEWCOMER.login else NoSuchPerson()

    async def confirm_doubt(
        self, actor: Actor, directory: str, round_: int, reason: str
    ) -> DoubtConfirmed | NothingDoubted | NoSuchDirectory | ReasonMissing | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DIRECTORY):
            return refusal
        if self.state.doubt is None or self.state.doubt.round != round_:
            return NothingDoubted()
        self.confirmed.append((round_, reason))
        return DoubtConfirmed(self.state.doubt.missing) if reason else ReasonMissing()
