"""Operations on local accounts."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.account.records import (
    AccountChanged,
    AccountOrder,
    AccountRefused,
    AccountRow,
    EmergencyBegun,
    NoSuchAccount,
    PasswordGiven,
)
from broker.account.service import AddOutcome, ChangeOutcome, GiveOutcome
from broker.model.ids import UserId
from broker.model.kinds import Role
from broker.policy.administration import NotAllowed
from web.account_words import REFUSALS
from web.api.admin_policy import refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import Reason
from web.api.operation import Audience, Failure, Operation
from web.problems import Problem
from web.visitor import actor_of, services_of


class LocalAccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """``stands``: it may sign in now. ``must_change``: by a one-time password, until ``one_time_until``."""

    id: str
    login: str
    display_name: str
    department: str
    roles: list[Role]
    groups: list[str]
    stands: bool
    is_disabled: bool
    is_emergency: bool
    is_enrolled: bool
    must_change: bool
    one_time_until: datetime | None
    expires_at: datetime | None
    created_by: str
    created_at: datetime


class LocalAccountList(msgspec.Struct, frozen=True):
    accounts: list[LocalAccountRow]


class AddLocalAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``expires_at`` with its zone; without it the account stays until somebody ends it."""

    login: str
    display_name: str
    reason: str
    department: str = ""
    roles: list[Role] = []
    groups: list[str] = []
    expires_at: datetime | None = None


class OneTimePassword(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once: it is kept nowhere."""

    id: str
    login: str
    one_time_password: str
    until: datetime


class LocalAccountChanged(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    login: str


class BeginEmergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    login: str
    hours: float
    reason: str


class EmergencyAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once: password, and the authenticator app's key as text and as otpauth URI."""

    login: str
    emergency_password: str
    text_key: str
    uri: str
    expires_at: datetime


def _describe(row: AccountRow) -> LocalAccountRow:
    account, user = row.account, row.user
    return LocalAccountRow(
        id=user.id,
        login=user.login,
        display_name=user.display_name,
        department=user.department,
        roles=sorted(user.roles),
        groups=sorted(user.groups),
        stands=row.stands,
        is_disabled=account.is_disabled,
        is_emergency=account.is_emergency,
        is_enrolled=user.is_enrolled,
        must_change=account.must_change,
        one_time_until=account.one_time_until,
        expires_at=account.expires_at,
        created_by=account.created_by,
        created_at=account.created_at,
    )


def _answer(outcome: AddOutcome | GiveOutcome | ChangeOutcome) -> OneTimePassword | LocalAccountChanged | Failure:
    match outcome:
        case PasswordGiven() as given:
            return OneTimePassword(
                id=given.user_id, login=given.login, one_time_password=given.password.reveal(), until=given.until
            )
        case AccountChanged(user_id, login):
            return LocalAccountChanged(id=user_id, login=login)
        case AccountRefused(why):
            return refused(why.value, REFUSALS[why])
        case NoSuchAccount():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED


def _user_id(request: web.Request) -> UserId:
    return UserId(request.match_info["user_id"])


async def list_local_accounts(request: web.Request, _body: None) -> LocalAccountList | Failure:
    rows = await services_of(request).accounts.list_all(actor_of(request))
    return NOT_ALLOWED if isinstance(rows, NotAllowed) else LocalAccountList([_describe(row) for row in rows])


async def add_local_account(request: web.Request, body: AddLocalAccount) -> object:
    if body.expires_at is not None and body.expires_at.utcoffset() is None:
        return refused("bad_time", "expires_at: needs a zone, for instance +09:00")
    order = AccountOrder(
        login=body.login,
        display_name=body.display_name,
        department=body.department,
        roles=frozenset(body.roles),
        groups=frozenset(body.groups),
        expires_at=body.expires_at,
        reason=body.reason,
    )
    return _answer(await services_of(request).accounts.add(actor_of(request), order))


async def give_one_time_password(request: web.Request, body: Reason) -> object:
    accounts = services_of(request).accounts
    return _answer(await accounts.give_password(actor_of(request), _user_id(request), body.reason))


async def enable_local_account(request: web.Request, body: Reason) -> object:
    return _answer(await services_of(request).accounts.enable(actor_of(request), _user_id(request), body.reason))


async def disable_local_account(request: web.Request, body: Reason) -> object:
    return _answer(await services_of(request).accounts.disable(actor_of(request), _user_id(request), body.reason))


async def delete_local_account(request: web.Request, body: Reason) -> object:
    return _answer(await services_of(request).accounts.delete(actor_of(request), _user_id(request), body.reason))


async def begin_emergency(request: web.Request, body: BeginEmergency) -> EmergencyAccount | Failure:
    outcome = await services_of(request).emergencies.begin(
        actor_of(request), login=body.login, hours=body.hours, reason=body.reason
    )
    match outcome:
        case EmergencyBegun() as begun:
            return EmergencyAccount(
                login=begun.login,
                emergency_password=begun.password.reveal(),
                text_key=begun.text_key,
                uri=begun.uri,
                expires_at=begun.expires_at,
            )
        case AccountRefused(why):
            return refused(why.value, REFUSALS[why])
        case NotAllowed():
            return NOT_ALLOWED


ACCOUNT_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/local-accounts",
        summary="Local accounts: people who are in no directory",
        audience=Audience.CONSOLE,
        handler=list_local_accounts,
        response=LocalAccountList,
    ),
    Operation(
        method="POST",
        path="/admin/local-accounts",
        summary="Add a local account; its one-time password is told once",
        audience=Audience.CONSOLE,
        handler=add_local_account,
        request=AddLocalAccount,
        response=OneTimePassword,
    ),
    Operation(
        method="POST",
        path="/admin/local-accounts/{user_id}/one-time-password",
        summary="A new one-time password for a local account; its sign-ins end",
        audience=Audience.CONSOLE,
        handler=give_one_time_password,
        request=Reason,
        response=OneTimePassword,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/local-accounts/{user_id}/enable",
        summary="Enable a local account that was disabled",
        audience=Audience.CONSOLE,
        handler=enable_local_account,
        request=Reason,
        response=LocalAccountChanged,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/local-accounts/{user_id}/disable",
        summary="Disable a local account; its sign-ins and sessions end",
        audience=Audience.CONSOLE,
        handler=disable_local_account,
        request=Reason,
        response=LocalAccountChanged,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/local-accounts/{user_id}/delete",
        summary="Delete a local account for good; its login stays reserved",
        audience=Audience.CONSOLE,
        handler=delete_local_account,
        request=Reason,
        response=LocalAccountChanged,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/break-glass",
        summary="Begin or renew the emergency administrator; at the broker's host alone",
        audience=Audience.CONSOLE,
        handler=begin_emergency,
        request=BeginEmergency,
        response=EmergencyAccount,
    ),
)
