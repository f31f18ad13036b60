"""The way to a fresh second factor: a page for people, a code for the API. One mechanism for all that want one.

A handler asks :func:`require_fresh_factor` first; the service behind it decides again, by the database's clock.
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from aiohttp import web

from broker.signin.stepping_up import FRESH_S, is_fresh
from web.errors import API_PREFIX, show_problem
from web.forms import see_other
from web.problems import Problem
from web.visitor import actor_of

STEP_UP_PATH: Final = "/step-up"


def require_fresh_factor(
    request: web.Request, max_age_s: int = FRESH_S, *, next_path: str | None = None
) -> web.Response | None:
    """None when the person showed a second factor within ``max_age_s``; else the answer that leads to it.

    ``next_path`` is where the person goes on afterwards: this page by default, and for a form the page that holds it.
    """
    if is_fresh(actor_of(request).factor_at, max_age_s=max_age_s, now=datetime.now(UTC)):
        return None
    return ask_step_up(request, next_path or request.rel_url.raw_path_qs)


def ask_step_up(request: web.Request, next_path: str) -> web.Response:
    """For people 303 to the page; for the API 409 ``step_up_required``."""
    if request.path.startswith(API_PREFIX):
        return show_problem(request, Problem.STEP_UP_REQUIRED)
    return see_other(step_up_url(next_path))


def step_up_url(next_path: str) -> str:
    """The page where a second factor is shown, and where it leads to afterwards."""
    return f"{STEP_UP_PATH}?next={quote(next_path, safe='')}"
