"""What the card of a pool offers to one person. Pure."""

from enum import StrEnum

from broker.lifecycle.session import LIVE_STATES, SessionState
from broker.policy.decision import Deny
from broker.session.records import PoolView


class Card(StrEnum):
    """``HELD``: work is kept there, and at the moment there is no way back to it."""

    OPEN = "open"
    WAIT = "wait"
    IN_USE = "in_use"
    RECONNECT = "reconnect"
    HELD = "held"
    REFUSED = "refused"


def card_of(view: PoolView) -> Card:
    """What a person can do with a pool now. A refusal shows as such even where something still runs."""
    if isinstance(view.decision, Deny):
        return Card.HELD if _has_work(view) else Card.REFUSED
    if view.session is None:
        return Card.OPEN
    match view.session.state:
        case SessionState.REQUESTED | SessionState.QUEUED:
            return Card.WAIT
        case SessionState.DISCONNECTED | SessionState.PARKED:
            return Card.RECONNECT
        case SessionState.TICKETED | SessionState.ACTIVE:
            return Card.IN_USE
        case _:
            return Card.OPEN


def _has_work(view: PoolView) -> bool:
    return view.session is not None and view.session.state in LIVE_STATES and view.session.desktop_id is not None
