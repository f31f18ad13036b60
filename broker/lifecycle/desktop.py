"""The lifecycle of a desktop."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class DesktopState(StrEnum):
    """``absent`` has a row but no machine; ``stopped`` is a machine at rest that keeps its owner's data."""

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"
    RESERVED = "reserved"
    IN_USE = "in_use"
    RESETTING = "resetting"
    STOPPED = "stopped"
    DRAINING = "draining"
    FAULTY = "faulty"
    RETIRED = "retired"


class DesktopEvent(StrEnum):
    """What can happen to a desktop. ``lost`` is told by observation: the provider no longer has it."""

    START_ORDERED = "start_ordered"
    CAME_UP = "came_up"
    FAILED = "failed"
    RESERVED = "reserved"
    ATTACHED = "attached"
    RELEASED = "released"
    CAME_CLEAN = "came_clean"
    CAME_TO_REST = "came_to_rest"
    LOST = "lost"
    DRAIN_ORDERED = "drain_ordered"
    DRAINED = "drained"
    REPAIR_ORDERED = "repair_ordered"
    RETIRED = "retired"


_S = DesktopState
_E = DesktopEvent

DESKTOP_STEPS: Final[Mapping[tuple[DesktopState, DesktopEvent], DesktopState]] = MappingProxyType(
    {
        (_S.ABSENT, _E.START_ORDERED): _S.STARTING,
        (_S.ABSENT, _E.RETIRED): _S.RETIRED,
        (_S.STOPPED, _E.START_ORDERED): _S.STARTING,
        (_S.STOPPED, _E.LOST): _S.ABSENT,
        (_S.STOPPED, _E.RETIRED): _S.RETIRED,
        (_S.STARTING, _E.CAME_UP): _S.READY,
        (_S.STARTING, _E.FAILED): _S.FAULTY,
        (_S.STARTING, _E.LOST): _S.ABSENT,
        (_S.READY, _E.RESERVED): _S.RESERVED,
        (_S.READY, _E.FAILED): _S.FAULTY,
        (_S.READY, _E.LOST): _S.ABSENT,
        (_S.READY, _E.DRAIN_ORDERED): _S.DRAINING,
        (_S.RESERVED, _E.ATTACHED): _S.IN_USE,
        (_S.RESERVED, _E.RELEASED): _S.RESETTING,
        (_S.RESERVED, _E.LOST): _S.ABSENT,
        (_S.RESERVED, _E.FAILED): _S.FAULTY,
        (_S.IN_USE, _E.ATTACHED): _S.IN_USE,
        (_S.IN_USE, _E.RELEASED): _S.RESETTING,
        (_S.IN_USE, _E.LOST): _S.ABSENT,
        (_S.IN_USE, _E.FAILED): _S.FAULTY,
        (_S.RESETTING, _E.CAME_CLEAN): _S.READY,
        (_S.RESETTING, _E.CAME_TO_REST): _S.STOPPED,
        (_S.RESETTING, _E.FAILED): _S.FAULTY,
        (_S.RESETTING, _E.LOST): _S.ABSENT,
        (_S.DRAINING, _E.DRAINED): _S.STOPPED,
        (_S.DRAINING, _E.LOST): _S.ABSENT,
        (_S.FAULTY, _E.REPAIR_ORDERED): _S.ABSENT,
        (_S.FAULTY, _E.RETIRED): _S.RETIRED,
    }
)
