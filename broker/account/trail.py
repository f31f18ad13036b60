"""Lines of the audit about local accounts."""

from collections.abc import Mapping

from broker.model.accounts import LocalAccount
from broker.model.actor import Actor
from broker.model.text import clean_reason
from broker.ports import AuditEntry


def by_actor(
    actor: Actor, account: LocalAccount, event: str, reason: str, more: Mapping[str, str] | None = None
) -> AuditEntry:
    return AuditEntry(
        tenant_id=account.tenant_id,
        event=event,
        actor=actor.name,
        subject=f"user:{account.user_id}",
        address=actor.address,
        detail={"login": account.login, "reason": clean_reason(reason), **(more or {})},
    )


def ended(account: LocalAccount, websessions: int) -> AuditEntry:
    """Its time has come; nobody did it."""
    return AuditEntry(
        tenant_id=account.tenant_id,
        event="break_glass.ended" if account.is_emergency else "local_account.expired",
        actor="system:accounts",
        subject=f"user:{account.user_id}",
        detail={"login": account.login, "websessions": str(websessions)},
    )
