"""Local accounts as the console sees them: two, of which one is an emergency administrator."""

from datetime import UTC, datetime, timedelta

from broker.account.records import (
    AccountChanged,
    AccountOrder,
    AccountRefusal,
    AccountRefused,
    AccountRow,
    EmergencyBegun,
    NoSuchAccount,
    PasswordGiven,
)
from broker.account.service import AddOutcome, ChangeOutcome, GiveOutcome
from broker.model.accounts import LocalAccount, login_key_of
from broker.model.actor import Actor
from broker.model.ids import TenantId, UserId
from broker.model.kinds import Role
from broker.model.records import User
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.secret import Secret
from tests.web.people import TENANT_ID

THEN = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
ENDS = THEN + timedelta(hours=8)
PASSWORD = "abcde-fghjk-mnpqr-stuvw"


def make_row(login: str, name: str, *, is_emergency: bool = False) -> AccountRow:
    user = User(
        tenant_id=TENANT_ID,
        id=UserId(f"id-{login}"),
        login=login,
        display_name=name,
        department="" if is_emergency else "宿直室",
        groups=frozenset() if is_emergency else frozenset({"telework"}),
        roles=frozenset({Role.SYSTEM_ADMIN}) if is_emergency else frozenset(),
    )
    account = LocalAccount(
        tenant_id=user.tenant_id,
        user_id=user.id,
        login=login,
        login_key=login_key_of(login),
        password_hash="",
        must_change=not is_emergency,
        one_time_until=None if is_emergency else ENDS,
        password_set_at=THEN,
        is_emergency=is_emergency,
        expires_at=ENDS if is_emergency else None,
        created_by="local:0",
        created_at=THEN,
    )
    return AccountRow(account, user, stands=True)


class KeptAccounts:
    def __init__(self) -> None:
        self.rows = [make_row("keibi", "警備 太郎")]
        self.orders: list[AccountOrder] = []
        self.changes: list[tuple[str, str, str]] = []

    def begin_emergency(self) -> None:
        self.rows.append(make_row("emergency-admin", "緊急用管理者", is_emergency=True))

    async def list_all(self, actor: Actor) -> list[AccountRow] | NotAllowed:
        return refuse_action(actor.roles, Action.SEE_PEOPLE) or self.rows

    async def emergencies(self, tenant_id: TenantId) -> list[LocalAccount]:
        return [row.account for row in self.rows if row.account.is_emergency and row.account.tenant_id == tenant_id]

    async def add(self, actor: Actor, order: AccountOrder) -> AddOutcome:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        if order.login == "taken":
            return AccountRefused(AccountRefusal.IN_DIRECTORY)
        self.orders.append(order)
        return PasswordGiven(user_id=UserId("id-new"), login=order.login, password=Secret(PASSWORD), until=ENDS)

    async def give_password(self, actor: Actor, user_id: UserId, reason: str) -> GiveOutcome:
        outcome = self._change(actor, "one-time-password", user_id, reason)
        if not isinstance(outcome, AccountChanged):
            return outcome
        return PasswordGiven(user_id=user_id, login=outcome.login, password=Secret(PASSWORD), until=ENDS)

    async def enable(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return self._change(actor, "enable", user_id, reason)

    async def disable(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return self._change(actor, "disable", user_id, reason)

    async def delete(self, actor: Actor, user_id: UserId, reason: str) -> ChangeOutcome:
        return self._change(actor, "delete", user_id, reason)

    def _change(self, actor: Actor, what: str, user_id: UserId, reason: str) -> ChangeOutcome:
        if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
            return refusal
        found = next((row for row in self.rows if row.user.id == user_id), None)
        if found is None:
            return NoSuchAccount()
        self.changes.append((what, user_id, reason))
        return AccountChanged(user_id, found.user.login)


class EmergencyAtTheHost:
    async def begin(
        self, actor: Actor, *, login: str, hours: float, reason: str
    ) -> EmergencyBegun | AccountRefused | NotAllowed:
        if not actor.is_at_host or not reason or hours > 72:
            return NotAllowed(Action.CHANGE_PEOPLE)
        return EmergencyBegun(
            login=login, password=Secret(PASSWORD), text_key="ABCD EFGH", uri="otpauth://totp/x", expires_at=ENDS
        )
