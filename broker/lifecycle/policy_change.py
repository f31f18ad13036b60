"""The lifecycle of a change of what decisions rest on: an exception, a new version of rules, a mode."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ChangeState(StrEnum):
    """*Approved*: it holds, from its first day to its last. Everything after that is over for good."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    REPLACED = "replaced"


class ChangeEvent(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    REPLACED = "replaced"


_S = ChangeState
_E = ChangeEvent

OVER_STATES: Final = frozenset({_S.REJECTED, _S.WITHDRAWN, _S.REVOKED, _S.EXPIRED, _S.REPLACED})
"""States from which nothing leads on: who wants it again asks again."""

CHANGE_STEPS: Final[Mapping[tuple[ChangeState, ChangeEvent], ChangeState]] = MappingProxyType(
    {
        (_S.REQUESTED, _E.APPROVED): _S.APPROVED,
        (_S.REQUESTED, _E.REJECTED): _S.REJECTED,
        (_S.REQUESTED, _E.WITHDRAWN): _S.WITHDRAWN,
        # Nobody decided before its last day had passed.
        (_S.REQUESTED, _E.EXPIRED): _S.EXPIRED,
        (_S.APPROVED, _E.REVOKED): _S.REVOKED,
        (_S.APPROVED, _E.EXPIRED): _S.EXPIRED,
        (_S.APPROVED, _E.REPLACED): _S.REPLACED,
    }
)
