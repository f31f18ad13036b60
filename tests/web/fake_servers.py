"""Servers of a directory: one answers, one is silent."""

from datetime import timedelta

from broker.model.actor import Actor
from broker.model.directory_health import (
    CheckFinding,
    CheckProblem,
    CheckResult,
    CheckStep,
    ServerHealth,
    ServerState,
)
from broker.policy.administration import Action, NotAllowed, refuse_action
from tests.web.people import NOW


class TwoServers:
    """``checks`` counts how often somebody had them checked."""

    def __init__(self) -> None:
        self.checks = 0

    async def health(self, actor: Actor) -> list[ServerHealth] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_DIRECTORY) or [
            ServerHealth(
                directory="directory",
                server="dc1.city.example.jp:636",
                state=ServerState.UP,
                since=NOW - timedelta(hours=7),
                requests=4180,
                faults=2,
                last_fault="silent for 1.5 s",
                last_fault_at=NOW - timedelta(hours=7, minutes=1),
                recent=312,
                median_ms=11.8,
                p99_ms=47.2,
                busy_threads=3,
                max_threads=8,
            ),
            ServerHealth(
                directory="directory",
                server="dc2.city.example.jp:636",
                state=ServerState.FAILING,
                since=NOW - timedelta(minutes=12),
                requests=9,
                faults=9,
                last_fault="LDAPSocketOpenError: socket connection error while opening: timed out",
                last_fault_at=NOW - timedelta(seconds=40),
                busy_threads=8,
                max_threads=8,
                waiting=5,
            ),
        ]

    async def check(self, actor: Actor) -> list[CheckFinding] | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.CHANGE_DIRECTORY):
            return refusal
        self.checks += 1
        return [
            self._find("dc1", CheckStep.CONNECT),
            self._find("dc1", CheckStep.CERTIFICATE, detail="2027-03-31"),
            self._find("dc1", CheckStep.BIND, detail="CN=sekisho,OU=職員,DC=city,DC=example,DC=jp"),
            self._find("dc1", CheckStep.PEOPLE, detail="kamiya, yamada, 佐藤"),
            self._find("dc2", CheckStep.CONNECT),
            self._find(
                "dc2",
                CheckStep.CERTIFICATE,
                result=CheckResult.FAILED,
                problem=CheckProblem.OTHER_AUTHORITY,
                detail="certificate verify failed: self-signed certificate",
            ),
            self._find("dc2", CheckStep.BIND, result=CheckResult.SKIPPED),
            self._find("dc2", CheckStep.PEOPLE, result=CheckResult.SKIPPED),
        ]

    def _find(
        self,
        host: str,
        step: CheckStep,
        *,
        result: CheckResult = CheckResult.OK,
        problem: CheckProblem | None = None,
        detail: str = "",
    ) -> CheckFinding:
        server = f"{host}.city.example.jp:636"
        return CheckFinding(
            directory="directory", server=server, step=step, result=result, problem=problem, detail=detail
        )
