"""The table of audit records, for the audit's own page and for a person's."""

from aiohttp import web

from broker.model.records import AuditRecord
from broker.policy.administration import NotAllowed
from web.audit_lines import AuditLine, tell_records
from web.language import language_of
from web.visitor import actor_of, services_of


async def told_records(request: web.Request, records: list[AuditRecord]) -> list[AuditLine] | NotAllowed:
    """The records with the names of what they speak of."""
    if not records:
        return []
    names = await services_of(request).audit.names_in(actor_of(request), records)
    return names if isinstance(names, NotAllowed) else tell_records(language_of(request), records, names)
