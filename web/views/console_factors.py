"""The console: a person's second factors are reset, or a one-time code is given out to enrol from outside."""

from enum import StrEnum
from typing import Final

from aiohttp import web

from broker.model.ids import UserId
from broker.model.records import User
from broker.people.factor_desk import AlreadyEnrolled, CodeGiven, FactorOrder, IdentityCheck, IdentityUnchecked
from broker.people.records import NoSuchPerson, PersonDetails, ReasonMissing
from broker.people.rules import refuse_change
from broker.policy.administration import NotAllowed
from web.errors import show_problem
from web.forms import read_form, see_other
from web.identity_words import ALREADY_ENROLLED, IDENTITY_CHECKS, UNCHECKED
from web.language import gettext_noop as _
from web.problems import Problem
from web.views.confirmation import REASON_MISSING, person_named
from web.views.console import console_page
from web.visitor import actor_of, services_of


class FactorMeasure(StrEnum):
    """The last part of the path."""

    RESET = "reset-factor"
    CODE = "enrolment-code"


_TITLES: Final = {
    FactorMeasure.RESET: _("認証方法の登録を解除しますか"),
    FactorMeasure.CODE: _("庁外での登録に使うコードを発行しますか"),
}
_CONSEQUENCES: Final = {
    FactorMeasure.RESET: (
        _("今の認証アプリ、パスキー、非常用コードは使えなくなり、次回ログイン時に登録し直します。"),
        _("ログイン中の端末からログアウトさせ、接続中の画面を切断します（作業は残ります）。"),
    ),
    FactorMeasure.CODE: (
        _("本人は、パスワードに続けてこのコードを入力すると、庁外からでも認証アプリかパスキーを登録できます。"),
        _("コードは24時間有効で、1回だけ使えます。前に発行したコードは使えなくなります。"),
    ),
}
_BUTTONS: Final = {FactorMeasure.RESET: _("登録を解除する"), FactorMeasure.CODE: _("コードを発行する")}


async def ask_factor_measure(request: web.Request) -> web.Response:
    return await _form(request, {}, None, "checked")


async def take_factor_measure(request: web.Request) -> web.Response:
    fields = await read_form(request)
    checked = fields.get("checked", "")
    order = FactorOrder(
        checked=IdentityCheck(checked) if checked in set(IdentityCheck) else None,
        reason=fields.get("reason", "").strip(),
    )
    user_id, actor = UserId(request.match_info["user_id"]), actor_of(request)
    desk = services_of(request).factor_desk
    if _measure_of(request) is FactorMeasure.RESET:
        outcome: object = await desk.reset(actor, user_id, order)
    else:
        outcome = await desk.give_code(actor, user_id, order)
    match outcome:
        case User():
            return see_other(f"/console/people/{user_id}?done=factor_reset")
        case CodeGiven() as given:
            return console_page(
                request,
                "console/factor_code.html",
                "people",
                given=given,
                who=person_named(given.user),
                code=given.code.reveal(),
            )
        case ReasonMissing():
            return await _form(request, fields, REASON_MISSING, "reason")
        case IdentityUnchecked():
            return await _form(request, fields, UNCHECKED, "checked")
        case AlreadyEnrolled():
            return await _form(request, fields, ALREADY_ENROLLED, "checked")
        case NoSuchPerson():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case _:
            return show_problem(request, Problem.NOT_ALLOWED)


def _measure_of(request: web.Request) -> FactorMeasure:
    return FactorMeasure(request.match_info["factor_measure"])


async def _form(request: web.Request, fields: dict[str, str], error: str | None, field: str) -> web.Response:
    found = await services_of(request).people.details(actor_of(request), UserId(request.match_info["user_id"]))
    if isinstance(found, NoSuchPerson):
        return show_problem(request, Problem.NO_SUCH_PERSON)
    if isinstance(found, NotAllowed) or refuse_change(actor_of(request), found.user) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return _show(request, found, fields, error, field)


def _show(
    request: web.Request, found: PersonDetails, fields: dict[str, str], error: str | None, field: str
) -> web.Response:
    measure = _measure_of(request)
    return console_page(
        request,
        "console/factor_measure.html",
        "people",
        status=200 if error is None else 422,
        person=found.user,
        who=person_named(found.user),
        title=_TITLES[measure],
        consequences=_CONSEQUENCES[measure],
        button=_BUTTONS[measure],
        action=f"/console/people/{found.user.id}/{measure}",
        checks=IDENTITY_CHECKS,
        fields=fields,
        error=error,
        field=field,
    )
