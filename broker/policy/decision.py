"""The answers of policy. Neither has a truth value, so that ``if decision:`` can't be written by mistake."""

from typing import NoReturn

import msgspec

from broker.model.grants import Grants
from broker.model.reasons import DenyReason


class TraceStep(msgspec.Struct, frozen=True):
    """One rule that was asked: its name, whether it let the person pass, and the facts that it looked at."""

    rule: str
    passed: bool
    looked_at: str


class _Decision(msgspec.Struct, frozen=True):
    def __bool__(self) -> NoReturn:
        raise TypeError("a decision is matched, not tested for truth")


class Allow(_Decision, frozen=True):
    grants: Grants
    trace: tuple[TraceStep, ...]


class Deny(_Decision, frozen=True):
    """``reason`` is the first rule that refused; the trace holds every rule, so that all obstacles show."""

    reason: DenyReason
    trace: tuple[TraceStep, ...]


Decision = Allow | Deny
