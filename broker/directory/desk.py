"""Directories as the IT desk sees them: how the sync stands, who is in them, a round now, a doubted answer."""

from collections.abc import Mapping, Sequence
from typing import Final

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
from broker.model.directory import KnownPerson, SyncKind, SyncPhase
from broker.model.ids import TenantId, UserId, new_id
from broker.model.records import User
from broker.model.text import clean_reason, clean_text
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, Store

PAGE_PEOPLE: Final = 50
_MAX_TEXT: Final = 100


class DirectoryDesk:
    """``directories``: the ids of each tenant's, in the order of the settings."""

    def __init__(self, store: Store, directories: Mapping[TenantId, Sequence[str]]) -> None:
        self._store = store
        self._directories = directories

    async def status(self, actor: Actor) -> list[DirectoryView] | NotAllowed:
        """Each directory of the actor's municipality that the settings name."""
        if refusal := refuse_action(actor.roles, Action.SEE_DIRECTORY):
            return refusal
        async with self._store.read() as tx:
            states = {state.directory: state for state in await tx.directory.list_states(actor.tenant_id)}
            return [
                DirectoryView(
                    id=one,
                    state=states[one],
                    counts=await tx.directory.counts(actor.tenant_id, one),
                    now=tx.now,
                )
                for one in self._directories.get(actor.tenant_id, ())
                if one in states
            ]

    async def search(
        self, actor: Actor, text: str, after: tuple[str, str] | None = None, *, only_new: bool = False
    ) -> FoundPeople | NotAllowed:
        """A page of people by a part of login, name or department; those who are gone are left out. ``only_new``:
        people who never signed in."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        text = clean_text(text, _MAX_TEXT)
        async with self._store.read() as tx:
            found = await tx.directory.search_people(
                actor.tenant_id, text, after=after, limit=PAGE_PEOPLE + 1, only_new=only_new
            )
            shown = found[:PAGE_PEOPLE]
            last = shown[-1] if len(found) > PAGE_PEOPLE else None
            return FoundPeople(
                people=tuple(shown), next_after=(last.login, last.entry_id) if last else None, now=tx.now
            )

    async def units(self, actor: Actor) -> DepartmentsAndGroups | NotAllowed:
        """Departments with how many people are in each, and groups, of all directories."""
        if refusal := refuse_action(actor.roles, Action.SEE_DIRECTORY):
            return refusal
        async with self._store.read() as tx:
            return DepartmentsAndGroups(
                departments=tuple(await tx.directory.list_departments(actor.tenant_id)),
                groups=tuple(await tx.directory.list_groups(actor.tenant_id)),
            )

    async def ask_sync(
        self, actor: Actor, kind: SyncKind, directory: str | None = None
    ) -> SyncAsked | NoSuchDirectory | NotAllowed:
        """A round as soon as a broker can, of one directory or of all."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DIRECTORY):
            return refusal
        mine = self._directories.get(actor.tenant_id, ())
        wanted = [one for one in mine if directory in (None, one)]
        if not wanted:
            return NoSuchDirectory()
        async with self._store.write() as tx:
            for one in wanted:
                await tx.directory.add_state(actor.tenant_id, one)
                await tx.directory.ask(actor.tenant_id, one, kind)
                await tx.audit.append(_entry(actor, "directory.sync_asked", one, {"sync_kind": kind.value}))
        return SyncAsked(len(wanted))

    async def prepare(self, actor: Actor, login: str) -> Prepared | NoSuchPerson | NotAllowed:
        """Give somebody who never signed in an account here, so that what needs one can be made ready before: a code to
        enrol with, a lock. It lets nobody in; their first sign-in brings it to what the directory says then."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        async with self._store.write() as tx:
            known = await tx.people.find_user(actor.tenant_id, login)
            if known is not None:
                return Prepared(known.id)
            named = await tx.directory.find_login(actor.tenant_id, login)
            if len(named) != 1 or not named[0].is_enabled or named[0].is_expired(tx.now):
                return NoSuchPerson()
            stored = await tx.people.put_user(_account_of(actor.tenant_id, named[0]))
            detail = {"login": login}
            await tx.audit.append(_entry(actor, "user.prepared", named[0].directory, detail))
        return Prepared(stored.id)

    async def confirm_doubt(
        self, actor: Actor, directory: str, round_: int, reason: str
    ) -> DoubtConfirmed | NothingDoubted | NoSuchDirectory | ReasonMissing | NotAllowed:
        """The people that the doubted answer of ``round_`` did not hold are really gone."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DIRECTORY):
            return refusal
        if not clean_reason(reason):
            return ReasonMissing()
        async with self._store.write() as tx:
            state = await tx.directory.get_state(actor.tenant_id, directory)
            if state is None:
                return NoSuchDirectory()
            doubt = state.doubt
            if doubt is None or doubt.round != round_ or state.phase is not SyncPhase.IDLE:
                return NothingDoubted()
            sweeping = msgspec.structs.replace(
                state, phase=SyncPhase.SWEEPING, sweep_before=doubt.round, doubt=None, added=0, changed=0
            )
            if not await tx.directory.keep_state(state, sweeping):
                return NothingDoubted()
            detail = {"missing": str(doubt.missing), "known": str(doubt.known), "reason": clean_reason(reason)}
            await tx.audit.append(_entry(actor, "directory.doubt_confirmed", directory, detail))
        return DoubtConfirmed(doubt.missing)


def _account_of(tenant_id: TenantId, person: KnownPerson) -> User:
    return User(
        tenant_id=tenant_id,
        id=UserId(new_id()),
        login=person.login,
        display_name=person.display_name,
        department=person.department,
        groups=person.groups,
        roles=frozenset(),
    )


def _entry(actor: Actor, event: str, directory: str, detail: dict[str, str]) -> AuditEntry:
    return AuditEntry(
        tenant_id=actor.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"directory:{directory}",
        address=actor.address,
        detail=detail,
    )
