"""Decisions at the door are kept with their facts, so that a changed rule can be rehearsed on them."""

from datetime import timedelta
from typing import Final

import msgspec

from broker.model.ids import UserId, new_id
from broker.model.policy_records import DecisionRecord
from broker.policy.decision import Deny
from broker.policy.facts import OpenFacts
from broker.ports import Store, Transaction
from broker.session.asking_policy import Asked

MEMORY: Final = timedelta(days=30)


async def keep_decision(tx: Transaction, user_id: UserId, asked: Asked) -> None:
    """In the transaction of the opening."""
    facts = asked.facts
    await tx.policy.add_decision(
        DecisionRecord(
            tenant_id=facts.pool.tenant_id,
            id=new_id(),
            at=tx.now,
            user_id=user_id,
            pool_id=facts.pool.pool_id,
            reason=asked.decision.reason if isinstance(asked.decision, Deny) else None,
            version=facts.version,
            facts=msgspec.json.encode(facts, order="deterministic").decode(),
        )
    )


def facts_of(record: DecisionRecord) -> OpenFacts:
    """The facts of a decision of the present version. Raises :class:`msgspec.MsgspecError` when they do not read."""
    return msgspec.json.decode(record.facts, type=OpenFacts)


async def purge_decisions(store: Store) -> int:
    """Remove what is older than can be rehearsed; how many there were."""
    async with store.write() as tx:
        return await tx.policy.purge_decisions(tx.now - MEMORY)
