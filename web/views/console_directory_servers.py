"""The console: the servers of directories, and a check of each step of a sign-in."""

from itertools import groupby

from aiohttp import web

from broker.model.directory_health import CheckFinding
from broker.policy.administration import NotAllowed
from web.directory_words import CHECK_REMEDIES, CHECK_RESULTS, CHECK_STEPS
from web.errors import show_problem
from web.problems import Problem
from web.views.console import console_page
from web.visitor import actor_of, services_of


async def check_servers(request: web.Request) -> web.Response:
    """What was found is shown at once and kept nowhere."""
    found = await services_of(request).directory_servers.check(actor_of(request))
    if isinstance(found, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/directory_check.html",
        "directory",
        servers=[(name, list(findings)) for name, findings in groupby(found, _name_of)],
        steps=CHECK_STEPS,
        results=CHECK_RESULTS,
        remedies=CHECK_REMEDIES,
    )


def _name_of(finding: CheckFinding) -> str:
    return f"{finding.directory}: {finding.server}"
