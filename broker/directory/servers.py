"""The servers of the directories: how they are, and whether each step of a sign-in works there."""

from collections.abc import Mapping

from broker.model.actor import Actor
from broker.model.directory_health import CheckFinding, ServerHealth
from broker.model.ids import TenantId
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.ports.directory_servers import DirectoryServers


class ServersDesk:
    """What is told is what this broker has seen; another one may reach a server that this one does not."""

    def __init__(self, directories: Mapping[TenantId, DirectoryServers]) -> None:
        self._directories = directories

    async def health(self, actor: Actor) -> list[ServerHealth] | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_DIRECTORY):
            return refusal
        mine = self._directories.get(actor.tenant_id)
        return mine.health() if mine else []

    async def check(self, actor: Actor) -> list[CheckFinding] | NotAllowed:
        """Only for those who may change something: it costs every server a few requests."""
        if refusal := refuse_action(actor.roles, Action.CHANGE_DIRECTORY):
            return refusal
        mine = self._directories.get(actor.tenant_id)
        return await mine.check() if mine else []
