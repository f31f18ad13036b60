"""Decisions of the past under other rules: who would lose, who would gain. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from broker.model.ids import PoolId, UserId
from broker.model.kinds import Mode
from broker.model.reasons import DenyReason
from broker.policy.decision import Deny
from broker.policy.facts import FACTS_VERSION, OpenFacts
from broker.policy.opening import may_open
from broker.policy.rulebook import OpenRules


class PastDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One opening as it was asked for. ``facts`` is ``None`` when they were kept in a way that no longer reads."""

    at: datetime
    user_id: UserId
    pool_id: PoolId
    reason: DenyReason | None
    facts: OpenFacts | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes different for one person and pool, and how often; ``reason`` is the refusal that comes or goes."""

    user_id: UserId
    pool_id: PoolId
    reason: DenyReason
    count: int
    last_at: datetime


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    decisions: int
    unreadable: int
    losing: tuple[Change, ...]
    gaining: tuple[Change, ...]


_Key = tuple[UserId, PoolId, DenyReason]


def rehearse(
    decisions: Iterable[PastDecision], rules: Mapping[PoolId, OpenRules], *, mode: Mode | None = None
) -> Rehearsal:
    """Ask every decision again under ``rules``; a pool that is not in them opens no more. ``mode``: as if in it."""
    asked = unreadable = 0
    losing: dict[_Key, Change] = {}
    gaining: dict[_Key, Change] = {}
    for decision in decisions:
        if decision.facts is None or decision.facts.version != FACTS_VERSION:
            unreadable += 1
            continue
        asked += 1
        facts = decision.facts if mode is None else msgspec.structs.replace(decision.facts, mode=mode)
        outcome = may_open(facts, rules.get(decision.pool_id))
        after = outcome.reason if isinstance(outcome, Deny) else None
        if decision.reason is None and after is not None:
            _count(losing, decision, after)
        elif decision.reason is not None and after is None:
            _count(gaining, decision, decision.reason)
    return Rehearsal(
        decisions=asked,
        unreadable=unreadable,
        losing=tuple(losing[key] for key in sorted(losing)),
        gaining=tuple(gaining[key] for key in sorted(gaining)),
    )


def _count(changes: dict[_Key, Change], decision: PastDecision, reason: DenyReason) -> None:
    key = (decision.user_id, decision.pool_id, reason)
    before = changes.get(key)
    changes[key] = Change(
        user_id=decision.user_id,
        pool_id=decision.pool_id,
        reason=reason,
        count=1 if before is None else before.count + 1,
        last_at=decision.at if before is None else max(before.last_at, decision.at),
    )
