"""Versions of the rules of a tenant and of each pool: the settings give the first, the IT desk the further ones.

The newest word holds. Settings that say the same as when they were last read say nothing new; where they were
changed, they are a new version.
"""

from typing import Final

import msgspec

from broker.lifecycle.policy_change import ChangeEvent, ChangeState
from broker.model.ids import TenantId
from broker.model.policy_records import ChangeKind, ChangeSource, PolicyChange
from broker.model.records import Pool
from broker.model.rules import RuleSet
from broker.pool.change_steps import Hand, NewChange, add_change, step_change
from broker.ports import Transaction

TENANT_RULES: Final = ""
"""The subject of the rules of a whole tenant."""
_ALL: Final = 10_000


class Proposal(RuleSet, frozen=True, kw_only=True):
    """Rules that wait for their second person, with the version that they were made from and what they loosen."""

    based_on: int = 0
    looser: tuple[str, ...] = ()


def rules_of_pool(pool: Pool) -> RuleSet:
    return RuleSet(restrictions=pool.restrictions, groups=pool.entitled_groups, origins=pool.origins)


def pool_under(pool: Pool, rules: RuleSet) -> Pool:
    """The pool with these rules; what they leave out stays."""
    return msgspec.structs.replace(
        pool,
        restrictions=rules.restrictions,
        entitled_groups=pool.entitled_groups if rules.groups is None else rules.groups,
        origins=pool.origins if rules.origins is None else rules.origins,
    )


def proposal_in(change: PolicyChange) -> Proposal:
    """Raises :class:`msgspec.MsgspecError` when the content is not that of rules."""
    return msgspec.json.decode(change.content, type=Proposal)


def rules_in(change: PolicyChange) -> RuleSet:
    """The rules alone. Raises :class:`msgspec.MsgspecError` like :func:`proposal_in`."""
    kept = proposal_in(change)
    return RuleSet(restrictions=kept.restrictions, groups=kept.groups, origins=kept.origins)


async def find_version(tx: Transaction, tenant_id: TenantId, subject: str) -> PolicyChange | None:
    """The version that holds."""
    approved = await tx.changes.list_approved(tenant_id, ChangeKind.RULES)
    return next((change for change in approved if change.subject == subject), None)


async def rules_if_asked(tx: Transaction, tenant_id: TenantId, subject: str, wanted: RuleSet) -> RuleSet | None:
    """The rules that go on holding when the settings ask for ``wanted``; ``None`` where that is something new."""
    versions = await tx.changes.list_changes(tenant_id, ChangeKind.RULES, subject=subject, limit=_ALL)
    from_settings = [change for change in versions if change.source is ChangeSource.SETTINGS]
    held = await find_version(tx, tenant_id, subject)
    says_nothing_new = bool(from_settings) and rules_in(from_settings[0]) == wanted
    return rules_in(held) if held is not None and says_nothing_new else None


async def settle_rules(tx: Transaction, tenant_id: TenantId, subject: str, wanted: RuleSet) -> RuleSet:
    """The rules that hold when the settings ask for ``wanted``; a new version where the settings changed."""
    await tx.changes.hold_rules(tenant_id)
    if (staying := await rules_if_asked(tx, tenant_id, subject, wanted)) is not None:
        return staying
    hand = Hand(note="settings")
    if (held := await find_version(tx, tenant_id, subject)) is not None:
        await step_change(tx, held, ChangeEvent.REPLACED, hand)
    new = NewChange(
        kind=ChangeKind.RULES,
        subject=subject,
        content=wanted,
        state=ChangeState.APPROVED,
        source=ChangeSource.SETTINGS,
    )
    await add_change(tx, tenant_id, new, hand)
    return wanted
