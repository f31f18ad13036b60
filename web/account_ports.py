"""What the pages and the API ask of local accounts, emergencies and sealing keys."""

from typing import Protocol

from broker.account.records import AccountOrder, AccountRefused, AccountRow, EmergencyBegun
from broker.account.service import AddOutcome, GiveOutcome
from broker.account.service import ChangeOutcome as AccountChangeOutcome
from broker.model.accounts import LocalAccount
from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.records import User
from broker.people.factor_desk import AlreadyEnrolled, CodeGiven, FactorList, FactorOrder, Refusal
from broker.people.records import NoSuchPerson
from broker.policy.administration import NotAllowed
from broker.sealing.records import KeyStatus, RetireRefused


class AccountsPort(Protocol):
    """Local accounts."""

    async def list_all(self, actor: Actor) -> list[AccountRow] | NotAllowed: ...
    async def emergencies(self, tenant_id: TenantId) -> list[LocalAccount]: ...
    async def add(self, actor: Actor, order: AccountOrder) -> AddOutcome: ...
    async def give_password(self, actor: Actor, user_id: UserId, reason: str) -> GiveOutcome: ...
    async def enable(self, actor: Actor, user_id: UserId, reason: str) -> AccountChangeOutcome: ...
    async def disable(self, actor: Actor, user_id: UserId, reason: str) -> AccountChangeOutcome: ...
    async def delete(self, actor: Actor, user_id: UserId, reason: str) -> AccountChangeOutcome: ...


class EmergenciesPort(Protocol):
    async def begin(
        self, actor: Actor, *, login: str, hours: float, reason: str
    ) -> EmergencyBegun | AccountRefused | NotAllowed: ...


class FactorDeskPort(Protocol):
    """A person's second factors in the hands of the desk."""

    async def list_of(self, actor: Actor, user_id: UserId) -> FactorList | NotAllowed | NoSuchPerson: ...
    async def reset(self, actor: Actor, user_id: UserId, order: FactorOrder) -> User | Refusal: ...
    async def give_code(
        self, actor: Actor, user_id: UserId, order: FactorOrder
    ) -> CodeGiven | AlreadyEnrolled | Refusal: ...


class KeysPort(Protocol):
    """Sealing keys of the site."""

    async def status(self, actor: Actor) -> KeyStatus | NotAllowed: ...
    async def rotate(self, actor: Actor, *, begins: bool) -> KeyStatus | NotAllowed: ...
    async def retire(self, actor: Actor, key: str) -> KeyStatus | RetireRefused | NotAllowed: ...
