"""The audit as the console, the API and the command line read it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from broker.audit.naming import references_of
from broker.model.actor import Actor
from broker.model.records import AuditRecord
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports import AuditEntry, AuditQuery, Store
from broker.ports.naming import Names

MAX_PAGE: Final = 1000


class AuditService:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def search(self, actor: Actor, query: AuditQuery) -> list[AuditRecord] | NotAllowed:
        """A page of the actor's own tenant, newest first, of at most :data:`MAX_PAGE` records."""
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is not None:
            return refusal
        bounded = msgspec.structs.replace(query, limit=max(1, min(query.limit, MAX_PAGE)))
        async with self._store.read() as tx:
            return await tx.audit.search(actor.tenant_id, bounded)

    async def names_in(self, actor: Actor, records: Sequence[AuditRecord]) -> Names | NotAllowed:
        """What the people and things of a page are called now; who may read the audit may know."""
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is not None:
            return refusal
        async with self._store.read() as tx:
            return await tx.audit.names_of(actor.tenant_id, references_of(records))

    async def note_export(self, actor: Actor, query: AuditQuery, records: int) -> NotAllowed | None:
        """Write into the audit that somebody took ``records`` records of it home; None when that was theirs to do."""
        refusal = refuse_action(actor.roles, Action.SEE_AUDIT)
        if refusal is not None:
            return refusal
        asked = {"event": query.event_prefix, "text": query.text, "records": str(records)}
        async with self._store.write() as tx:
            await tx.audit.append(
                AuditEntry(
                    tenant_id=actor.tenant_id,
                    event="audit.exported",
                    actor=actor.name,
                    subject="audit",
                    address=actor.address,
                    detail={key: value for key, value in asked.items() if value},
                )
            )
        return None
