"""The console: people, their factor and their sign-ins."""

from typing import Final

from aiohttp import web

from broker.model.ids import UserId
from broker.model.records import User
from broker.people.help_desk import PersonSheet
from broker.people.records import NoSuchPerson, PersonDetails, ReasonMissing
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed
from web.errors import show_problem
from web.forms import read_form, read_query, see_other
from web.language import gettext_noop as _
from web.lock_words import LOCK_KINDS, LOCK_REASONS
from web.measures import Measure, order_measure
from web.person_sheet import pool_lines, signin_lines, troubles_of
from web.problems import Problem
from web.views.audit_table import told_records
from web.views.confirmation import Confirmation, ask_again, ask_for, is_reason_missing, person_named
from web.views.console import console_page
from web.visitor import actor_of, services_of
from web.words import ORIGINS, ROLES, SESSION_STATES

DONE_CODES: Final = {
    Measure.LOCK: "locked",
    Measure.UNLOCK: "unlocked",
    Measure.SIGN_OUT: "signed_out",
}

_TEXTS: Final[dict[Measure, tuple[str, tuple[str, ...], str]]] = {
    Measure.LOCK: (
        _("アカウントの利用を停止しますか"),
        (
            _("この職員はログインできなくなります。"),
            _("ログイン中のすべての端末からログアウトさせます。"),
            _("利用中のセッションは終了し、保存していない作業内容は失われます。"),
        ),
        _("利用を停止する"),
    ),
    Measure.UNLOCK: (
        _("利用停止を解除しますか"),
        (_("この職員は、再びログインできるようになります。"),),
        _("利用停止を解除する"),
    ),
    Measure.SIGN_OUT: (
        _("すべての端末からログアウトさせますか"),
        (
            _("この職員のすべてのログインを終わらせ、接続中の画面を切断します。"),
            _("作業中の仮想デスクトップは残り、本人がログインし直すと続きから使えます。"),
        ),
        _("ログアウトさせる"),
    ),
}


def confirm_measure(measure: Measure, user: User) -> Confirmation:
    """The question before a measure."""
    title, consequences, button = _TEXTS[measure]
    return Confirmation(
        title=title,
        consequences=consequences,
        facts=((_("職員"), person_named(user)),),
        action=f"/console/people/{user.id}/{measure}",
        permission=Action.CHANGE_PEOPLE,
        button=button,
        back=f"/console/people/{user.id}",
        is_dangerous=measure is not Measure.UNLOCK,
    )


async def search_people(request: web.Request) -> web.Response:
    text = read_query(request, "q")
    people = await services_of(request).people.search(actor_of(request), text)
    newcomers = await services_of(request).directory.search(actor_of(request), text, only_new=True)
    if isinstance(people, NotAllowed) or isinstance(newcomers, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request, "console/people.html", "people", people=people, newcomers=newcomers, text=text, role_names=ROLES
    )


async def _find_person(request: web.Request) -> PersonDetails | Problem:
    user_id = UserId(request.match_info["user_id"])
    match await services_of(request).people.details(actor_of(request), user_id):
        case PersonDetails() as details:
            return details
        case NoSuchPerson():
            return Problem.NO_SUCH_PERSON
        case NotAllowed():
            return Problem.NOT_ALLOWED


async def show_person(request: web.Request) -> web.Response:
    details = await _find_person(request)
    if isinstance(details, Problem):
        return show_problem(request, details)
    passkeys = await services_of(request).person_passkeys.list_of(actor_of(request), details.user.id)
    lines = await told_records(request, list(details.recent))
    sheet = await services_of(request).help_desk.look(actor_of(request), details.user.id)
    if isinstance(lines, NotAllowed) or not isinstance(sheet, PersonSheet):
        return show_problem(request, Problem.NOT_ALLOWED)
    pools = await pool_lines(request, sheet)
    return console_page(
        request,
        "console/person.html",
        "people",
        person=details.user,
        recovery_codes_left=details.recovery_codes_left,
        passkeys=[] if isinstance(passkeys, NotAllowed | NoSuchPerson) else passkeys,
        lines=lines,
        sheet=sheet,
        troubles=troubles_of(sheet),
        signins=signin_lines(sheet),
        pools=[] if isinstance(pools, NotAllowed) else pools,
        origins=ORIGINS,
        session_states=SESSION_STATES,
        lock_kinds=LOCK_KINDS,
        lock_reasons=LOCK_REASONS,
        role_names=ROLES,
        may_change=refuse_change(actor_of(request), details.user) is None,
    )


def _measure_of(request: web.Request) -> Measure:
    return Measure(request.match_info["measure"])


async def ask_measure(request: web.Request) -> web.Response:
    details = await _find_person(request)
    if isinstance(details, Problem):
        return show_problem(request, details)
    if refuse_change(actor_of(request), details.user) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return ask_for(request, "people", confirm_measure(_measure_of(request), details.user))


async def take_measure(request: web.Request) -> web.Response:
    """Do what was confirmed."""
    reason = (await read_form(request)).get("reason", "").strip()
    measure = _measure_of(request)
    if is_reason_missing(reason):
        details = await _find_person(request)
        if isinstance(details, Problem):
            return show_problem(request, details)
        return ask_again(request, "people", confirm_measure(measure, details.user))
    user_id = UserId(request.match_info["user_id"])
    match await order_measure(request, measure, user_id, reason):
        case NoSuchPerson():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case ReasonMissing():
            return show_problem(request, Problem.BAD_REQUEST)
        case User():
            return see_other(f"/console/people/{user_id}?done={DONE_CODES[measure]}")
