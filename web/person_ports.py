"""What the pages need for a person's own password and for the rules of use."""

from collections.abc import Sequence
from typing import Protocol

from broker.model.actor import Actor
from broker.people.consents import ConsentOutcome, ConsentRow, ConsentShown, NothingDemanded
from broker.people.passwords import RulesShown
from broker.policy.administration import NotAllowed
from broker.secret import Secret
from broker.signin.records import (
    Authenticated,
    CantChange,
    ChangeAttempt,
    OwnChange,
    OwnChangeOutcome,
    StepUpMissing,
)
from broker.signin.records import ChangeOutcome as ChangePasswordOutcome


class ConsentsPort(Protocol):
    """Rules of use that people confirm."""

    async def show(self, auth: Authenticated) -> ConsentShown | NothingDemanded: ...
    async def give(self, auth: Authenticated, digest: str, answers: Sequence[int | None]) -> ConsentOutcome: ...
    async def list_all(self, actor: Actor) -> list[ConsentRow] | NotAllowed: ...
    async def note_export(self, actor: Actor, rows: int) -> NotAllowed | None: ...


class PasswordsPort(Protocol):
    """People's own passwords."""

    async def show_pending(self, token: Secret) -> RulesShown | None: ...
    async def show_own(self, auth: Authenticated) -> RulesShown | StepUpMissing | CantChange: ...
    async def finish(self, attempt: ChangeAttempt) -> ChangePasswordOutcome: ...
    async def change_own(self, auth: Authenticated, wish: OwnChange) -> OwnChangeOutcome: ...
    def can_change(self, auth: Authenticated) -> bool: ...
    async def days_left(self, auth: Authenticated) -> int | None: ...
