"""A directory read from end to end over one connection, page by page, or only what changed in it.

For a thread: each step of these generators asks the server a bounded number of questions. They raise
:class:`auth.ldap_people.Stopped` and what ldap3 and sockets raise: then nothing is known of what was not read.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from auth.ldap_changes import read_changes
from auth.ldap_connection import Line
from auth.ldap_listing_rules import GroupBook, list_group, list_person
from auth.ldap_lookup import Conversation
from auth.ldap_pages import extent_of, pages, present_cursor
from auth.ldap_people import PeopleSearch
from broker.model.directory import Cursor, ListedPerson
from broker.ports import DirectoryPage, ReadingDone, WholeNeeded

Step = DirectoryPage | ReadingDone | WholeNeeded


def read_directory(talk: Conversation, since: Cursor | None, page_size: int) -> Iterator[Step]:
    """Everything, or the changes since a cursor of the same server."""
    line, settings = talk.bind_service_line(), talk.plan.settings
    server = f"{talk.plan.address.host}:{talk.plan.address.port}"
    cursor = present_cursor(line, settings, server, datetime.now(UTC))
    if since is None:
        yield from _read_all(talk, line, page_size)
        yield ReadingDone(cursor)
    elif cursor is None or cursor.server != since.server:
        yield WholeNeeded("another server answered than the one whose changes were read")
    elif int(cursor.mark.rstrip("Z")) < int(since.mark.rstrip("Z")):
        yield WholeNeeded("the server is older than it was: it was restored, or its clock was set back")
    else:
        yield from read_changes(talk, line, since, page_size, cursor)


def _read_all(talk: Conversation, line: Line, page_size: int) -> Iterator[DirectoryPage]:
    settings, extent = talk.plan.settings, extent_of(talk.plan.settings)
    book = GroupBook(settings)
    if extent.group_where:
        for entries in pages(line, extent.group_where, extent.group_filter, extent.group_attributes, page_size):
            for entry in entries:
                book.add(entry)
            listed = [list_group(entry) for entry in entries if book.counts(entry)]
            yield DirectoryPage(groups=tuple(group for group in listed if group is not None))
    search = PeopleSearch(settings, line)
    for entries in pages(line, extent.people_where, extent.people_filter, extent.people_attributes, page_size):
        people = [entry for entry in entries if entry.first(settings.login_attribute) is not None]
        told: list[ListedPerson] = []
        for entry in people:
            if book.knows_members or not settings.group_base:
                groups = book.groups_of(entry)
            else:
                groups = search.read_groups(entry, entry.first(settings.login_attribute) or "")
            told.append(list_person(entry, groups, settings))
        yield DirectoryPage(people=tuple(told))
