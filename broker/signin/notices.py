"""What a change of a person's factors leaves behind: its line in the audit, a notice on the portal, other browsers
signed out where something was taken away."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from broker.model.passkeys import FactorNotice
from broker.model.records import User, WebSession
from broker.ports import Transaction
from broker.signin import trail

SHOWN_FOR: Final = timedelta(days=14)


async def note_change(tx: Transaction, user: User, address: str, event: str, detail: Mapping[str, str]) -> None:
    """Inside the transaction of the change, for a change that the person made from ``address``."""
    await tx.audit.append(trail.of_user(user, event, address, detail))
    await tx.factors.put_notice(
        FactorNotice(
            tenant_id=user.tenant_id,
            user_id=user.id,
            what=event,
            name=detail.get("name", ""),
            at=tx.now,
            address=address,
        )
    )


async def end_others(tx: Transaction, session: WebSession) -> None:
    """Whoever signed in by the factor that is gone is signed out: every browser but this one."""
    count = await tx.factors.remove_other_web_sessions(session)
    if count:
        detail = {"reason": "factor_changed", "count": str(count)}
        await tx.audit.append(trail.of_person(session, "websession.ended", detail))


async def recent_notice(tx: Transaction, user: User) -> FactorNotice | None:
    """The last change, while it is worth telling."""
    notice = await tx.factors.get_notice(user.tenant_id, user.id)
    return notice if notice is not None and tx.now - notice.at < SHOWN_FOR else None
