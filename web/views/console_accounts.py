"""The console: local accounts (ディレクトリにない職員)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from aiohttp import web

from broker.account.records import (
    AccountChanged,
    AccountOrder,
    AccountRefusal,
    AccountRefused,
    AccountRow,
    NoSuchAccount,
    PasswordGiven,
)
from broker.account.rules import may_give
from broker.account.service import ChangeOutcome, GiveOutcome
from broker.model.ids import UserId
from broker.model.kinds import Role
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed, refuse_action
from web.account_words import FIELDS, REFUSALS
from web.errors import show_problem
from web.forms import parse_day, read_form, read_form_with_list, see_other
from web.language import gettext_noop as _
from web.problems import Problem
from web.views.confirmation import Confirmation, ask_again, ask_for, is_reason_missing, person_named
from web.views.console import console_page
from web.visitor import TENANT, actor_of, services_of
from web.words import ROLES

PATH: Final = "/console/local-accounts"


class AccountMeasure(StrEnum):
    """The last part of the path."""

    ENABLE = "enable"
    DISABLE = "disable"
    DELETE = "delete"
    ONE_TIME = "one-time-password"


_TEXTS: Final[dict[AccountMeasure, tuple[str, tuple[str, ...], str]]] = {
    AccountMeasure.ENABLE: (
        _("ローカルアカウントの利用を再開しますか"),
        (_("本人は、停止前のパスワードと認証方法で再びログインできます。"),),
        _("利用を再開する"),
    ),
    AccountMeasure.DISABLE: (
        _("ローカルアカウントの利用を停止しますか"),
        (
            _("この職員はログインできなくなり、ログイン中の端末からログアウトさせます。"),
            _("利用中のセッションは終了し、保存していない作業内容は失われます。"),
        ),
        _("利用を停止する"),
    ),
    AccountMeasure.DELETE: (
        _("ローカルアカウントを削除しますか"),
        (
            _("パスワードと認証方法の登録を消します。元に戻せません。"),
            _("同じ職員IDは、ほかのアカウントに使えません。監査ログは残ります。"),
        ),
        _("削除する"),
    ),
    AccountMeasure.ONE_TIME: (
        _("初期パスワードを発行し直しますか"),
        (
            _("今のパスワードは使えなくなり、ログイン中の端末からログアウトさせます。"),
            _("本人であることを職員証などで確かめてから行ってください。"),
        ),
        _("発行する"),
    ),
}
_DONE: Final = {
    AccountMeasure.ENABLE: "account_enabled",
    AccountMeasure.DISABLE: "account_disabled",
    AccountMeasure.DELETE: "account_deleted",
}


async def list_accounts(request: web.Request) -> web.Response:
    rows = await services_of(request).accounts.list_all(actor_of(request))
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    actor = actor_of(request)
    changeable = {row.user.id for row in rows if refuse_change(actor, row.user) is None}
    return console_page(request, "console/accounts.html", "people", rows=rows, changeable=changeable, role_names=ROLES)


async def show_form(request: web.Request) -> web.Response:
    return _form_page(request, {}, (), None)


async def add_account(request: web.Request) -> web.Response:
    fields = await read_form_with_list(request, "groups")
    roles = [str(value) for value in (await request.post()).getall("roles", [])]
    expires_on = fields.get("expires_on", "")
    expires_at = parse_day(expires_on, request[TENANT].time_zone, end_of_day=True) if expires_on else None
    if expires_on and expires_at is None:
        return _form_page(request, fields, roles, AccountRefusal.EXPIRY_PAST)
    order = AccountOrder(
        login=fields.get("login", "").strip(),
        display_name=fields.get("display_name", "").strip(),
        department=fields.get("department", "").strip(),
        roles=frozenset(Role(role) for role in roles if role in set(Role)),
        groups=frozenset(line.strip() for line in fields.get("groups", "").splitlines() if line.strip()),
        expires_at=expires_at,
        reason=fields.get("reason", "").strip(),
    )
    match await services_of(request).accounts.add(actor_of(request), order):
        case PasswordGiven() as given:
            return _show_password(request, given)
        case AccountRefused(why):
            return _form_page(request, fields, roles, why)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


async def ask_measure(request: web.Request) -> web.Response:
    row = await _find(request)
    if isinstance(row, Problem):
        return show_problem(request, row)
    return ask_for(request, "people", _confirm(request, row))


async def take_measure(request: web.Request) -> web.Response:
    row = await _find(request)
    if isinstance(row, Problem):
        return show_problem(request, row)
    reason = (await read_form(request)).get("reason", "").strip()
    if is_reason_missing(reason):
        return ask_again(request, "people", _confirm(request, row))
    match await _order(request, row.user.id, reason):
        case PasswordGiven() as given:
            return _show_password(request, given)
        case AccountChanged():
            return see_other(f"{PATH}?done={_DONE[_measure_of(request)]}")
        case AccountRefused():
            return show_problem(request, Problem.STATE_CHANGED)
        case NoSuchAccount():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


async def _order(request: web.Request, user_id: UserId, reason: str) -> GiveOutcome | ChangeOutcome:
    """The one service call behind a measure."""
    accounts, actor = services_of(request).accounts, actor_of(request)
    match _measure_of(request):
        case AccountMeasure.ENABLE:
            return await accounts.enable(actor, user_id, reason)
        case AccountMeasure.DISABLE:
            return await accounts.disable(actor, user_id, reason)
        case AccountMeasure.DELETE:
            return await accounts.delete(actor, user_id, reason)
        case AccountMeasure.ONE_TIME:
            return await accounts.give_password(actor, user_id, reason)


def _measure_of(request: web.Request) -> AccountMeasure:
    return AccountMeasure(request.match_info["account_measure"])


async def _find(request: web.Request) -> AccountRow | Problem:
    """The account of the path, if this actor may change it."""
    rows = await services_of(request).accounts.list_all(actor_of(request))
    if isinstance(rows, NotAllowed):
        return Problem.NOT_ALLOWED
    wanted = UserId(request.match_info["user_id"])
    row = next((row for row in rows if row.user.id == wanted), None)
    if row is None:
        return Problem.NO_SUCH_PERSON
    return row if refuse_change(actor_of(request), row.user) is None else Problem.NOT_ALLOWED


def _confirm(request: web.Request, row: AccountRow) -> Confirmation:
    measure = _measure_of(request)
    title, consequences, button = _TEXTS[measure]
    return Confirmation(
        title=title,
        consequences=consequences,
        facts=((_("職員"), person_named(row.user)),),
        action=f"{PATH}/{row.user.id}/{measure}",
        permission=Action.CHANGE_PEOPLE,
        button=button,
        back=PATH,
        is_dangerous=measure is not AccountMeasure.ENABLE,
    )


def _form_page(
    request: web.Request, fields: dict[str, str], chosen: Sequence[str], why: AccountRefusal | None
) -> web.Response:
    actor = actor_of(request)
    if refuse_action(actor.roles, Action.CHANGE_PEOPLE) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/account_new.html",
        "people",
        status=200 if why is None else 422,
        fields=fields,
        chosen=chosen,
        error=None if why is None else REFUSALS[why],
        field="login" if why is None else FIELDS.get(why, "login"),
        roles={role: text for role, text in ROLES.items() if may_give(actor, frozenset({role}))},
    )


def _show_password(request: web.Request, given: PasswordGiven) -> web.Response:
    """The only page that ever shows it."""
    return console_page(
        request, "console/account_password.html", "people", given=given, password=given.password.reveal()
    )
