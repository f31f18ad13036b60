"""Before something is done to somebody: one page that says what, to whom, and asks for the reason."""

from typing import Final

import msgspec
from aiohttp import web

from broker.model.records import Pool, User
from broker.policy.administration import Action, refuse_action
from web.errors import show_problem
from web.language import gettext_noop as _
from web.problems import Problem
from web.views.console import console_page
from web.visitor import actor_of

REASON_MISSING: Final = _("理由を入力してください。監査ログに残ります。")


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """``title``, ``consequences``, ``button`` and the names of ``facts`` are message ids; ``action`` is posted to.

    Who may not ``permission`` is not asked either.
    """

    title: str
    consequences: tuple[str, ...]
    facts: tuple[tuple[str, str | Pool], ...]
    action: str
    permission: Action
    button: str
    back: str
    is_dangerous: bool = True
    needs_reason: bool = True


def ask_for(request: web.Request, tab: str, confirmation: Confirmation) -> web.Response:
    return _page(request, tab, confirmation, status=200, error=None)


def ask_again(request: web.Request, tab: str, confirmation: Confirmation) -> web.Response:
    """The same page, because no reason was given."""
    return _page(request, tab, confirmation, status=422, error=REASON_MISSING)


def _page(
    request: web.Request, tab: str, confirmation: Confirmation, *, status: int, error: str | None
) -> web.Response:
    if refuse_action(actor_of(request).roles, confirmation.permission) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(request, "console/confirm.html", tab, status=status, confirmation=confirmation, error=error)


def is_reason_missing(reason: str) -> bool:
    return not reason


def person_named(user: User | None) -> str:
    """Name, department and login of a person, exactly as the directory has them."""
    return f"{user.display_name}（{user.department}、{user.login}）" if user else "–"
