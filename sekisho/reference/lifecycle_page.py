"""``docs/reference/lifecycles.md`` from the transition tables."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from broker.lifecycle.desktop import DESKTOP_STEPS
from broker.lifecycle.policy_change import CHANGE_STEPS
from broker.lifecycle.session import SESSION_STEPS

StateT = TypeVar("StateT", bound=StrEnum)
EventT = TypeVar("EventT", bound=StrEnum)
_HEAD: Final = """# Lifecycles

Generated from `broker/lifecycle/` by `make docs`; do not edit. A step that is not drawn here does not exist.
"""


def lifecycle_page() -> str:
    return "\n".join(
        [
            _HEAD,
            _diagram("Desktop", DESKTOP_STEPS),
            _diagram("Session", SESSION_STEPS),
            _diagram("Change of rules", CHANGE_STEPS),
        ]
    )


def _diagram(title: str, steps: Mapping[tuple[StateT, EventT], StateT]) -> str:
    arrows = [f"    {state} --> {after}: {event}" for (state, event), after in steps.items()]
    return "\n".join([f"## {title}", "", "```mermaid", "stateDiagram-v2", *arrows, "```", ""])
