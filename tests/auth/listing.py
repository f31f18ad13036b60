"""A listing of a directory, taken to its end."""

from contextlib import aclosing

import msgspec

from auth.ldap_listing import LdapListing
from broker.model.directory import Cursor, ListedGroup, ListedPerson
from broker.ports import DirectoryPage, DirectoryUnavailable, ReadingDone, WholeNeeded


class Listed(msgspec.Struct, frozen=True):
    """What the pages held, by login and by name, and how it ended."""

    people: dict[str, ListedPerson]
    groups: dict[str, ListedGroup]
    pages: int
    end: ReadingDone | WholeNeeded | DirectoryUnavailable

    @property
    def cursor(self) -> Cursor:
        assert isinstance(self.end, ReadingDone), self.end
        assert self.end.cursor is not None
        return self.end.cursor


async def listed(listing: LdapListing, since: Cursor | None = None) -> Listed:
    people: dict[str, ListedPerson] = {}
    groups: dict[str, ListedGroup] = {}
    pages = 0
    async with aclosing(listing.read(since)) as reading:
        async for event in reading:
            if not isinstance(event, DirectoryPage):
                return Listed(people, groups, pages, event)
            pages += 1
            people |= {person.login: person for person in event.people}
            groups |= {group.name: group for group in event.groups}
    raise AssertionError("it ended without a word")
