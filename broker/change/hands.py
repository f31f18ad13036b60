"""In whose hands an account is. Who made a local one, or gave it its last one-time password, may sign in by it."""

from typing import Final

import msgspec

from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.policy_records import PolicyChange
from broker.policy.second_person import ChangeRefusal, ChangeRefused
from broker.ports import Transaction
from broker.ports.audit import AuditQuery

_PERSON: Final = "user:"
_GIVEN: Final = "local_account.password_given"


async def refuse_same_hands(tx: Transaction, actor: Actor, change: PolicyChange) -> ChangeRefused | None:
    """Nobody is two people by accounts that they made or hold the password of, through however many of them."""
    mine = await _hands_of(tx, change.tenant_id, actor.name)
    if mine.isdisjoint(await _hands_of(tx, change.tenant_id, change.requested_by)):
        return None
    why = "the accounts that asked and approve are in the same hands: one made the other, or gave it its password"
    return ChangeRefused(ChangeRefusal.OWN_REQUEST, why)


async def _hands_of(tx: Transaction, tenant_id: TenantId, name: str) -> frozenset[str]:
    """The person and everybody behind them. The broker's host (``local:``) is behind nobody: root needs no second."""
    found: set[str] = set()
    while name.startswith(_PERSON) and name not in found:
        found.add(name)
        name = await _giver_of(tx, tenant_id, UserId(name.removeprefix(_PERSON)))
    return frozenset(found)


async def _giver_of(tx: Transaction, tenant_id: TenantId, user_id: UserId) -> str:
    """Who gave a local account its last one-time password; empty for whoever is in a directory."""
    account = await tx.accounts.get(tenant_id, user_id)
    if account is None:
        return ""
    subject = f"{_PERSON}{user_id}"
    query = AuditQuery(event_prefix=_GIVEN, text=subject)
    while records := await tx.audit.search(tenant_id, query):
        given = next((record.actor for record in records if record.subject == subject), None)
        if given is not None:
            return given
        query = msgspec.structs.replace(query, before_id=records[-1].id)
    return account.created_by
