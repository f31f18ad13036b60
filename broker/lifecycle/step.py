"""The one step that both lifecycles share."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from broker.errors import ImpossibleTransition

StateT = TypeVar("StateT", bound=StrEnum)
EventT = TypeVar("EventT", bound=StrEnum)


def step(table: Mapping[tuple[StateT, EventT], StateT], state: StateT, event: EventT) -> StateT:
    """The state after ``event``. Raises :class:`ImpossibleTransition` where the table has no such step."""
    try:
        return table[state, event]
    except KeyError:
        raise ImpossibleTransition(f"{type(state).__name__} {state} does not take {event}") from None


def may_step(table: Mapping[tuple[StateT, EventT], StateT], state: StateT, event: EventT) -> bool:
    """Whether the table has a step for this event."""
    return (state, event) in table
