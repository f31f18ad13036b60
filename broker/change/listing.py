"""Changes as rows of a page: what they say, and who had a hand in them."""

from collections.abc import Sequence
from datetime import datetime

from broker.change.exceptions import waiver_in
from broker.change.modes import order_in
from broker.change.records import ChangeRow
from broker.lifecycle.policy_change import ChangeState
from broker.model.ids import TenantId, UserId
from broker.model.policy_records import ChangeKind, ModeOrder, PolicyChange
from broker.model.rules import RuleSet, Waiver
from broker.policy.local_time import local_time
from broker.pool.rule_versions import proposal_in
from broker.ports import Transaction

_PERSON = "user:"


async def rows_of(tx: Transaction, tenant_id: TenantId, changes: Sequence[PolicyChange]) -> list[ChangeRow]:
    """Each with its people's names; who is no person of the tenant keeps the actor's name."""
    hands = {hand for change in changes for hand in (change.requested_by, change.decided_by, change.ended_by) if hand}
    ids = {UserId(hand.removeprefix(_PERSON)) for hand in hands if hand.startswith(_PERSON)}
    users = await tx.people.get_users(tenant_id, ids)
    names = {f"{_PERSON}{user.id}": user.display_name for user in users.values()}
    tenant = await tx.people.get_tenant(tenant_id)
    here = tx.now if tenant is None else local_time(tx.now, tenant.time_zone)
    return [
        ChangeRow(
            change=change,
            content=(content := content_of(change)),
            names={hand: names.get(hand, hand) for hand in hands},
            holds_now=_holds(change, content, here),
        )
        for change in changes
    ]


def content_of(change: PolicyChange) -> Waiver | RuleSet | ModeOrder:
    match change.kind:
        case ChangeKind.EXCEPTION:
            return waiver_in(change)
        case ChangeKind.RULES:
            return proposal_in(change)
        case ChangeKind.MODE:
            return order_in(change)


def _holds(change: PolicyChange, content: Waiver | RuleSet | ModeOrder, here: datetime) -> bool:
    is_over = change.until is not None and change.until <= here
    if change.state is not ChangeState.APPROVED or is_over:
        return False
    return not isinstance(content, Waiver) or content.starts_on is None or content.starts_on <= here.date()
