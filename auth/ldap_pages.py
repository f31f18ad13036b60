"""Entries of a directory page by page (RFC 2696), and up to where its server's changes have been read."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from auth.ldap_connection import Entry, Line
from auth.ldap_listing_rules import ID_ATTRIBUTES, filter_of_all, mark_of_time, membership_attributes
from auth.ldap_names import domain_of
from auth.ldap_people import SUCCESS, Stopped, person_attributes
from broker.directory_settings import LdapSettings
from broker.model.directory import Cursor
from broker.model.kinds import DirectoryKind

_SIZE_LIMITS: Final = frozenset({4, 11})  # sizeLimitExceeded, adminLimitExceeded (RFC 4511, appendix A)


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What is listed: where, by which filter, with which attributes. No ``group_where``: groups can't be listed."""

    people_where: str
    people_filter: str
    people_attributes: tuple[str, ...]
    group_where: str
    group_filter: str
    group_attributes: tuple[str, ...]


def extent_of(settings: LdapSettings) -> Extent:
    """Groups of Active Directory are read in the whole domain: those outside of the base may be in one inside."""
    is_active_directory = settings.kind is DirectoryKind.ACTIVE_DIRECTORY
    domain = domain_of(settings.user_base)
    group_filter = "(objectCategory=group)" if is_active_directory else filter_of_all(settings.group_filter)
    told = ("memberOf", "objectSid") if is_active_directory else tuple(membership_attributes(settings.group_filter))
    return Extent(
        people_where=settings.user_base,
        people_filter=filter_of_all(settings.user_filter) or "",
        people_attributes=(*person_attributes(settings), *ID_ATTRIBUTES),
        group_where="" if group_filter is None else domain if is_active_directory else settings.group_base or domain,
        group_filter=group_filter or "",
        group_attributes=("cn", *told, *ID_ATTRIBUTES),
    )


def pages(line: Line, where: str, search_filter: str, attributes: Sequence[str], size: int) -> Iterator[list[Entry]]:
    """Raises :class:`Stopped` when an answer is not whole."""
    cookie: bytes | None = None
    while True:
        answer, entries, cookie = line.search_page(where, search_filter, attributes, size=size, cookie=cookie)
        if answer.code in _SIZE_LIMITS:
            raise Stopped(f"the server tells this account only a part of {where}: {answer.detail}")
        if answer.code != SUCCESS:
            raise Stopped(f"reading {where} failed: {answer.detail}")
        if cookie is None:
            raise Stopped(f"the server does not tell {where} page by page")
        yield entries
        if not cookie:
            return


def present_cursor(line: Line, settings: LdapSettings, server: str, now: datetime) -> Cursor | None:
    """To be asked for before anything is read. In Active Directory the server's own numbers of changes count, which
    a restored copy of it begins anew under another ``invocationId`` ([MS-ADTS] 3.1.1.1.9)."""
    if settings.kind is not DirectoryKind.ACTIVE_DIRECTORY:
        return Cursor(server, mark_of_time(now))
    root = _read_one(line, "", ("highestCommittedUSN", "dsServiceName"))
    mark, service = (root.first("highestCommittedUSN"), root.first("dsServiceName")) if root else (None, None)
    if not mark or not mark.isdecimal() or not service:
        return None
    copy = _read_one(line, service, ("invocationId",))
    told = copy.first("invocationId") if copy else None
    return Cursor(f"{service}/{told}", mark) if told else None


def changed_since(settings: LdapSettings, search_filter: str, mark: str) -> str:
    if settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        return f"(&{search_filter}(uSNChanged>={int(mark) + 1}))"
    return f"(&{search_filter}(modifyTimestamp>={mark}))"


def _read_one(line: Line, dn: str, attributes: Sequence[str]) -> Entry | None:
    answer, entries = line.read(dn, "(objectClass=*)", attributes)
    return entries[0] if answer.code == SUCCESS and entries else None
