"""Who meets a rule, asked of the directory itself: a bounded search, narrowed by the rule as far as a server can."""

import time
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from ldap3.utils.conv import escape_filter_chars

from auth.ldap_connection import Entry
from auth.ldap_listing_rules import filter_of_all
from auth.ldap_lookup import Conversation
from auth.ldap_people import SUCCESS, PeopleSearch, Stopped, facts_of, login_of, person_attributes
from broker.directory_settings import LdapSettings
from broker.model.mapping import MappingRule, Matched, MatchedPerson
from broker.policy.mapping import is_met

MOST_LOOKED_AT: Final = 500
_SIZE_LIMIT: Final = 4
_SHARE_OF_TIME: Final = 0.6
"""Of the time that a question has: what is known by then is told."""


def find_matching(talk: Conversation, rule: MappingRule) -> Matched:
    """Raises :class:`Stopped`, and what ldap3 and sockets raise."""
    settings, search = talk.plan.settings, talk.bind_service()
    wanted = (*person_attributes(settings), *rule.attributes)
    attributes = tuple({name.lower(): name for name in wanted}.values())
    answer, entries = search.line.search(
        settings.user_base, narrow_filter(settings, rule), attributes, limit=MOST_LOOKED_AT
    )
    if answer.code not in {SUCCESS, _SIZE_LIMIT}:
        raise Stopped(f"the search for people failed: {answer.detail}")
    people = [entry for entry in entries if entry.first(settings.login_attribute) is not None]
    ends_at = time.monotonic() + settings.operation_timeout_s * _SHARE_OF_TIME
    looked = list(takewhile(lambda _: time.monotonic() < ends_at, _look(search, people, rule, settings)))
    return Matched(
        people=tuple(found for found in looked if found),
        looked_at=len(looked),
        is_complete=answer.code == SUCCESS and len(looked) == len(people),
    )


def narrow_filter(settings: LdapSettings, rule: MappingRule) -> str:
    """Nobody who meets the rule is left out; servers compare more loosely than rules do."""
    people = filter_of_all(settings.user_filter) or f"({settings.login_attribute}=*)"
    wanted = {**rule.attributes, **({settings.department_attribute: rule.departments} if rule.departments else {})}
    narrowed = "".join(
        f"(|{''.join(f'({name}={escape_filter_chars(value)})' for value in values)})" for name, values in wanted.items()
    )
    return f"(&{people}{narrowed})"


def _look(
    search: PeopleSearch, people: list[Entry], rule: MappingRule, settings: LdapSettings
) -> Iterator[MatchedPerson | None]:
    """Groups cost a question for each person: they are asked for only where the rule is about them."""
    for entry in people:
        login = login_of(entry, settings)
        groups = search.read_groups(entry, login) if rule.groups else frozenset[str]()
        facts = facts_of(entry, groups, settings)
        yield (
            MatchedPerson(
                login=login,
                display_name=entry.first(settings.name_attribute) or login,
                department=facts.department,
                groups=groups,
            )
            if is_met(rule, facts)
            else None
        )
