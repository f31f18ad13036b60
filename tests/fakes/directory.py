"""A directory of entries in memory, read page by page; it can break off, shrink and be told to have changed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from broker.model.directory import Cursor, ListedGroup, ListedPerson
from broker.ports import DirectoryPage, DirectoryUnavailable, ReadingDone, ReadingEvent, WholeNeeded

SERVER = "dc1"


def a_person(number: int, *groups: str, department: str = "市民課", is_enabled: bool = True) -> ListedPerson:
    return ListedPerson(
        entry_id=f"entry-{number:05}",
        login=f"p{number:05}",
        display_name=f"髙橋 {number}",
        department=department,
        groups=frozenset(groups or {"職員"}),
        is_enabled=is_enabled,
    )


class PagedDirectory:
    """``changes`` counts what happened; entries remember when. Implements :class:`broker.ports.DirectorySource`."""

    def __init__(self, *people: ListedPerson, page: int = 3) -> None:
        self.people = {person.entry_id: person for person in people}
        self.groups = {"g-1": "職員"}
        self.page = page
        self.changes = 1
        self._changed_at: dict[str, int] = {}
        self.breaks_after: int | None = None
        self.server = SERVER
        self.readings: list[str] = []
        self.on_page: Callable[[], Awaitable[None]] | None = None
        """Done after each page of people."""

    def put(self, *people: ListedPerson) -> None:
        for person in people:
            self.changes += 1
            self.people[person.entry_id] = person
            self._changed_at[person.entry_id] = self.changes

    def touch_group(self, entry_id: str, name: str) -> None:
        self.changes += 1
        self.groups[entry_id] = name
        self._changed_at[entry_id] = self.changes

    async def read(self, since: Cursor | None) -> AsyncGenerator[ReadingEvent]:
        self.readings.append("changes" if since else "full")
        if since is not None and since.server != self.server:
            yield WholeNeeded("another server")
            return
        after = int(since.mark) if since else -1
        done = Cursor(self.server, str(self.changes))
        groups = [
            ListedGroup(entry_id=entry_id, name=name)
            for entry_id, name in self.groups.items()
            if self._changed_at.get(entry_id, 0) > after
        ]
        yield DirectoryPage(groups=tuple(groups))
        named = {group.name for group in groups} if since else set[str]()
        people = [
            person
            for person in self.people.values()
            if self._changed_at.get(person.entry_id, 0) > after or person.groups & named
        ]
        for number, start in enumerate(range(0, len(people), self.page)):
            if number == self.breaks_after:
                yield DirectoryUnavailable("the server hung up")
                return
            yield DirectoryPage(people=tuple(people[start : start + self.page]))
            if self.on_page is not None:
                await self.on_page()
        yield ReadingDone(done)

    async def reread(self, logins: Sequence[str]) -> Sequence[ListedPerson] | DirectoryUnavailable:
        return [person for person in self.people.values() if person.login in logins]
