"""The console: a lost passkey of a person is taken away."""

from aiohttp import web

from broker.model.ids import UserId
from broker.model.passkeys import Passkey
from broker.people.passkeys import PasskeyKept
from broker.people.records import NoSuchPerson, PersonDetails, ReasonMissing
from broker.people.rules import refuse_change
from broker.policy.administration import Action, NotAllowed
from web.errors import show_problem
from web.forms import read_form, see_other
from web.language import gettext_noop as _
from web.passkey_words import KEPT
from web.problems import Problem
from web.views.confirmation import Confirmation, ask_again, ask_for, is_reason_missing, person_named
from web.visitor import actor_of, services_of


async def ask_removal(request: web.Request) -> web.Response:
    question = await _question(request)
    return show_problem(request, question) if isinstance(question, Problem) else ask_for(request, "people", question)


async def remove(request: web.Request) -> web.Response:
    """Take it away, with a reason."""
    reason = (await read_form(request)).get("reason", "").strip()
    if is_reason_missing(reason):
        question = await _question(request)
        if isinstance(question, Problem):
            return show_problem(request, question)
        return ask_again(request, "people", question)
    user_id, passkey_id = _user_id(request), request.match_info["passkey_id"]
    match await services_of(request).person_passkeys.remove(actor_of(request), user_id, passkey_id, reason):
        case Passkey():
            return see_other(f"/console/people/{user_id}?done=passkey_removed")
        case PasskeyKept(code):
            return show_problem(request, Problem.STATE_CHANGED, code=code.value, detail=KEPT[code])
        case NoSuchPerson():
            return show_problem(request, Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
        case ReasonMissing():
            return show_problem(request, Problem.BAD_REQUEST)


async def _question(request: web.Request) -> Confirmation | Problem:
    services, actor, user_id = services_of(request), actor_of(request), _user_id(request)
    details = await services.people.details(actor, user_id)
    passkeys = await services.person_passkeys.list_of(actor, user_id)
    if not isinstance(details, PersonDetails) or isinstance(passkeys, NoSuchPerson):
        return Problem.NO_SUCH_PERSON if isinstance(details, NoSuchPerson) else Problem.NOT_ALLOWED
    if isinstance(passkeys, NotAllowed) or refuse_change(actor, details.user) is not None:
        return Problem.NOT_ALLOWED
    found = next((key for key in passkeys if key.id == request.match_info["passkey_id"]), None)
    if found is None:
        return Problem.NOT_FOUND
    return Confirmation(
        title=_("このパスキーを削除しますか"),
        consequences=(
            _("このパスキーではログインできなくなります。ほかの認証方法はそのまま使えます。"),
            _("この職員のすべてのログインを終わらせ、接続中の画面を切断します。"),
        ),
        facts=((_("職員"), person_named(details.user)), (_("パスキーの名前"), found.name)),
        action=f"/console/people/{user_id}/passkeys/{found.id}/remove",
        permission=Action.CHANGE_PEOPLE,
        button=_("パスキーを削除する"),
        back=f"/console/people/{user_id}",
        is_dangerous=True,
    )


def _user_id(request: web.Request) -> UserId:
    return UserId(request.match_info["user_id"])
