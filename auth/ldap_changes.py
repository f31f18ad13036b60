"""What changed in a directory since a cursor: entries by themselves, and people by the groups that they are in.

A change of membership changes the group's entry alone, so that the members of a changed group are read anew.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from auth.ldap_connection import Entry, Line
from auth.ldap_listing_rules import (
    CHAIN,
    GroupBook,
    entry_id_of,
    list_group,
    list_person,
    membership_attributes,
)
from auth.ldap_lookup import Conversation
from auth.ldap_names import fill_filter, is_under
from auth.ldap_pages import Extent, changed_since, extent_of, pages
from auth.ldap_people import SUCCESS, PeopleSearch, Stopped
from broker.directory_settings import LdapSettings
from broker.model.directory import Cursor
from broker.model.kinds import DirectoryKind
from broker.ports import DirectoryPage, ReadingDone, WholeNeeded

MANY: Final = 500
"""From so many entries on everything is read: it costs less than asking for each of them."""

_NO_SUCH_OBJECT: Final = 32
_AT_ONCE: Final = 25


def read_changes(
    talk: Conversation, line: Line, since: Cursor, page_size: int, cursor: Cursor
) -> Iterator[DirectoryPage | ReadingDone | WholeNeeded]:
    settings, extent = talk.plan.settings, extent_of(talk.plan.settings)
    if not extent.group_where:
        yield WholeNeeded("by these settings a change of groups can't be noticed")
        return
    changes = _Changes(settings, extent, line, page_size)
    try:
        changes.find(since.mark)
    except _TooMany as many:
        yield WholeNeeded(str(many))
        return
    yield DirectoryPage(groups=tuple(group for entry in changes.groups if (group := list_group(entry)) is not None))
    people = list(changes.people.values())
    groups_of = group_reader(line, settings, page_size) if people else _no_groups
    for start in range(0, len(people), _AT_ONCE):
        yield DirectoryPage(
            people=tuple(list_person(entry, groups_of(entry), settings) for entry in people[start : start + _AT_ONCE])
        )
    yield ReadingDone(cursor)


def group_reader(line: Line, settings: LdapSettings, page_size: int) -> Callable[[Entry], frozenset[str]]:
    """How the groups of some people are found. A domain is asked once for all of its groups: to look for those of one
    person through groups in groups takes it as long."""
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        extent, book = extent_of(settings), GroupBook(settings)
        for entries in pages(line, extent.group_where, extent.group_filter, extent.group_attributes, page_size):
            for entry in entries:
                book.add(entry)
        return book.groups_of
    search = PeopleSearch(settings, line)
    return lambda entry: search.read_groups(entry, entry.first(settings.login_attribute) or "")


def _no_groups(_entry: Entry) -> frozenset[str]:
    return frozenset()


class _TooMany(Exception):
    """Asking for each would cost more than reading everything."""


class _Changes:
    """``groups`` that count, and the ``people`` who changed or are in a group that did."""

    def __init__(self, settings: LdapSettings, extent: Extent, line: Line, page_size: int) -> None:
        self._settings = settings
        self._extent = extent
        self._line = line
        self._page_size = page_size
        self._is_active_directory = settings.kind is DirectoryKind.ACTIVE_DIRECTORY
        self.groups: list[Entry] = []
        self.people: dict[str, Entry] = {}

    def find(self, mark: str) -> None:
        """Raises :class:`_TooMany`."""
        extent, book = self._extent, GroupBook(self._settings)
        changed = changed_since(self._settings, extent.people_filter, mark)
        self._take(self._pages(extent.people_where, changed, extent.people_attributes))
        changed = changed_since(self._settings, extent.group_filter, mark)
        for entries in self._pages(extent.group_where, changed, extent.group_attributes):
            for group in entries:
                if book.counts(group):
                    self.groups.append(group)
                elif self._is_in_one_that_counts(group):
                    raise _TooMany(f"{group.dn} changed, which is in a group that counts")
        for group in self.groups:
            self._take_members(group)

    def _pages(self, where: str, search_filter: str, attributes: Sequence[str]) -> Iterator[list[Entry]]:
        return pages(self._line, where, search_filter, attributes, self._page_size)

    def _take(self, found: Iterator[list[Entry]]) -> None:
        for entries in found:
            for entry in entries:
                if entry.first(self._settings.login_attribute) is not None:
                    self.people[entry_id_of(entry)] = entry
            if len(self.people) > MANY:
                raise _TooMany(f"more than {MANY} people changed")

    def _is_in_one_that_counts(self, group: Entry) -> bool:
        """Only in Active Directory are groups read that do not count."""
        if CHAIN not in self._settings.group_filter:
            return False
        above = fill_filter(f"(&(objectCategory=group)(member:{CHAIN}:={{dn}}))", {"dn": group.dn, "login": ""})
        return any(any(page) for page in self._pages(self._settings.group_base, above, ("cn",)))

    def _take_members(self, group: Entry) -> None:
        extent = self._extent
        if self._is_active_directory:
            rule = f"memberOf:{CHAIN}:" if CHAIN in self._settings.group_filter else "memberOf"
            template = f"(&{extent.people_filter}({rule}={{dn}}))"
            members = fill_filter(template, {"dn": group.dn, "login": ""})
            self._take(self._pages(extent.people_where, members, extent.people_attributes))
            return
        for attribute, by in membership_attributes(self._settings.group_filter).items():
            named = group.values.get(attribute, ())
            if len(named) > MANY:
                raise _TooMany(f"{group.dn} changed, which has more than {MANY} members")
            self._take([member] for name in named if (member := self._find_member(name, by)) is not None)

    def _find_member(self, name: str, by: str) -> Entry | None:
        extent = self._extent
        if by == "login":
            wanted = fill_filter(self._settings.user_filter, {"login": name, "dn": ""})
            answer, entries = self._line.search(extent.people_where, wanted, extent.people_attributes, limit=2)
        elif is_under(name, extent.people_where):
            answer, entries = self._line.read(name, extent.people_filter, extent.people_attributes)
        else:
            return None
        if answer.code not in (SUCCESS, _NO_SUCH_OBJECT):
            raise Stopped(f"reading a member of a group failed: {answer.detail}")
        return entries[0] if len(entries) == 1 else None
