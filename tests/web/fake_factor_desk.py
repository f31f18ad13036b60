"""The IT desk's hand on second factors: remembers what was ordered."""

from datetime import UTC, datetime

import msgspec

from broker.model.actor import Actor
from broker.model.ids import UserId
from broker.model.records import User
from broker.people.factor_desk import (
    AlreadyEnrolled,
    CodeGiven,
    FactorList,
    FactorOrder,
    IdentityUnchecked,
    Refusal,
)
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.secret import Secret
from tests.web.people import STAFF

UNTIL = datetime(2026, 4, 2, 9, 0, tzinfo=UTC)
CODE = "ABCD-EFGH-JKMN"


class DeskOfFactors:
    """Knows one person."""

    def __init__(self) -> None:
        self.person = msgspec.structs.replace(STAFF, is_enrolled=True)
        self.orders: list[tuple[str, FactorOrder]] = []

    async def list_of(self, actor: Actor, user_id: UserId) -> FactorList | NotAllowed | NoSuchPerson:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        if user_id != self.person.id:
            return NoSuchPerson()
        return FactorList(user=self.person, app_since=None, passkeys=1, recovery_codes_left=9, code_until=None)

    async def reset(self, actor: Actor, user_id: UserId, order: FactorOrder) -> User | Refusal:
        refused = self._refuse(actor, user_id, order)
        if refused is None:
            self.orders.append(("reset", order))
            self.person = msgspec.structs.replace(self.person, is_enrolled=False)
        return refused or self.person

    async def give_code(
        self, actor: Actor, user_id: UserId, order: FactorOrder
    ) -> CodeGiven | AlreadyEnrolled | Refusal:
        if refused := self._refuse(actor, user_id, order):
            return refused
        if self.person.is_enrolled:
            return AlreadyEnrolled()
        self.orders.append(("code", order))
        return CodeGiven(user=self.person, code=Secret(CODE), until=UNTIL)

    def _refuse(self, actor: Actor, user_id: UserId, order: FactorOrder) -> Refusal | None:
        if user_id != self.person.id:
            return NoSuchPerson()
        if refusal := refuse_change(actor, self.person):
            return refusal
        if not order.reason:
            return ReasonMissing()
        return None if order.checked else IdentityUnchecked()
