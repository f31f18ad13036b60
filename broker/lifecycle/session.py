"""The lifecycle of a session."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class SessionState(StrEnum):
    """*Parked*: the line is down, the gateway holds guacd. *Disconnected*: guacd is gone, the desktop still
    belongs to the person, and the next open returns there."""

    REQUESTED = "requested"
    QUEUED = "queued"
    TICKETED = "ticketed"
    ACTIVE = "active"
    PARKED = "parked"
    DISCONNECTED = "disconnected"
    ENDED = "ended"
    FAILED = "failed"


class SessionEvent(StrEnum):
    QUEUED = "queued"
    ASSIGNED = "assigned"
    TICKET_ISSUED = "ticket_issued"
    ATTACHED = "attached"
    LINE_LOST = "line_lost"
    DETACHED = "detached"
    ENDED = "ended"
    FAILED = "failed"


_S = SessionState
_E = SessionEvent

LIVE_STATES: Final = frozenset({_S.REQUESTED, _S.QUEUED, _S.TICKETED, _S.ACTIVE, _S.PARKED, _S.DISCONNECTED})
"""States of a session that has neither ended nor failed."""

CONNECTED_STATES: Final = frozenset({_S.TICKETED, _S.ACTIVE})
"""States in which somebody sits before the picture, or is about to."""

KEPT_STATES: Final = frozenset({_S.PARKED, _S.DISCONNECTED})
"""States in which nobody looks and the work is kept."""

SESSION_STEPS: Final[Mapping[tuple[SessionState, SessionEvent], SessionState]] = MappingProxyType(
    {
        (_S.REQUESTED, _E.QUEUED): _S.QUEUED,
        (_S.QUEUED, _E.ASSIGNED): _S.REQUESTED,
        (_S.REQUESTED, _E.TICKET_ISSUED): _S.TICKETED,
        (_S.TICKETED, _E.TICKET_ISSUED): _S.TICKETED,
        (_S.DISCONNECTED, _E.TICKET_ISSUED): _S.TICKETED,
        # A ticket for a session that is active elsewhere changes nothing before it is redeemed.
        (_S.ACTIVE, _E.TICKET_ISSUED): _S.ACTIVE,
        (_S.PARKED, _E.TICKET_ISSUED): _S.PARKED,
        (_S.TICKETED, _E.ATTACHED): _S.ACTIVE,
        (_S.PARKED, _E.ATTACHED): _S.ACTIVE,
        (_S.ACTIVE, _E.ATTACHED): _S.ACTIVE,
        # A gateway that kept a session through a broker's absence reports it as it is.
        (_S.DISCONNECTED, _E.ATTACHED): _S.ACTIVE,
        (_S.ACTIVE, _E.LINE_LOST): _S.PARKED,
        (_S.ACTIVE, _E.DETACHED): _S.DISCONNECTED,
        (_S.PARKED, _E.DETACHED): _S.DISCONNECTED,
        (_S.TICKETED, _E.DETACHED): _S.DISCONNECTED,
        **{(state, _E.ENDED): _S.ENDED for state in SessionState if state in LIVE_STATES},
        **{(state, _E.FAILED): _S.FAILED for state in SessionState if state in LIVE_STATES},
    }
)
