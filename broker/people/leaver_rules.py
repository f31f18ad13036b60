"""What follows when the directory was asked again about somebody who is here. Pure."""

from collections.abc import Collection
from typing import Final

import msgspec

from broker.model.reasons import SigninRefusal
from broker.model.records import User
from broker.ports import DirectoryPerson, PersonGone, PersonStands, Standing

_MAX_MISSING_SHARE: Final = 0.2
_FEW: Final = 5


class Unchanged(msgspec.Struct, frozen=True, tag=True):
    pass


class Changed(msgspec.Struct, frozen=True, tag=True):
    """Name, department, groups, roles or heads are others now."""

    person: DirectoryPerson


class Missing(msgspec.Struct, frozen=True, tag=True):
    """Not found for the first time: one server may be behind the others."""


class Left(msgspec.Struct, frozen=True, tag=True):
    cause: SigninRefusal


Finding = Unchanged | Changed | Missing | Left


def judge(user: User, standing: Standing | None, *, was_missing: bool) -> Finding:
    """No word is no news."""
    match standing:
        case None:
            return Unchanged()
        case PersonGone(cause=SigninRefusal.UNKNOWN_USER) if not was_missing:
            return Missing()
        case PersonGone(cause=cause):
            return Left(cause)
        case PersonStands(person=person):
            return Unchanged() if _is_same(user, person) else Changed(person)


def is_doubtful(findings: Collection[Finding], present: int) -> bool:
    """Whether so many vanished at once that the search is more likely to be wrong than the people gone: a moved
    branch, a service account that may no longer read, a server that was set up anew."""
    vanished = sum(1 for finding in findings if finding in (Missing(), Left(SigninRefusal.UNKNOWN_USER)))
    return vanished > max(_FEW, present * _MAX_MISSING_SHARE)


def is_certain(finding: Finding) -> bool:
    """Whether it holds even in a round that is doubtful: the directory said it of an entry that it still has."""
    return isinstance(finding, Left) and finding.cause is not SigninRefusal.UNKNOWN_USER


def _is_same(user: User, person: DirectoryPerson) -> bool:
    mine = (user.display_name, user.department, user.groups, user.roles, user.heads, user.manager)
    return mine == (
        person.display_name,
        person.department,
        person.groups,
        person.roles,
        person.heads,
        person.manager,
    )
