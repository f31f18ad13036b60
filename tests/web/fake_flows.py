"""Permitted flows of a small site, without a database."""

from datetime import date

from broker.flow import Flow, derive
from broker.flow.table import FlowRow, Words, flow_rows
from broker.model.actor import Actor
from broker.policy.administration import Action, NotAllowed, refuse_action
from tests.broker.flow.site import document, settings_of


class ListedFlows:
    """Everybody who may see flows sees all of this site's."""

    def __init__(self) -> None:
        self.settings = settings_of(document())
        self.exported: list[tuple[str, int]] = []

    async def list_flows(self, actor: Actor) -> list[Flow] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_FLOWS) or list(derive(self.settings, date(2026, 11, 22)))

    async def list_rows(self, actor: Actor, words: Words) -> list[FlowRow] | NotAllowed:
        flows = await self.list_flows(actor)
        return flows if isinstance(flows, NotAllowed) else flow_rows(self.settings, flows, words)

    async def note_export(self, actor: Actor, rows: int) -> NotAllowed | None:
        self.exported.append((actor.name, rows))
        return refuse_action(actor.roles, Action.SEE_FLOWS)
