"""What an operation of the API is, and how a request becomes its call."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Literal

import msgspec
from aiohttp import web

from web.errors import show_problem
from web.problems import Problem

API_ROOT = "/api/v1"
_JSON = "application/json"


class Audience(StrEnum):
    """``STAFF``: every signed-in person, about their own things. ``CONSOLE``: roles, and the admin socket."""

    STAFF = "staff"
    CONSOLE = "console"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that came to nothing. ``detail`` and ``remedy`` are message ids."""

    problem: Problem
    code: str | None = None
    detail: str = ""
    remedy: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter, as text."""

    name: str
    summary: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. ``handler`` takes the request and the decoded body (``None`` without one)."""

    method: Literal["GET", "POST"]
    path: str
    summary: str
    audience: Audience
    handler: Callable[[web.Request, Any], Awaitable[object]]
    response: Any
    request: type[msgspec.Struct] | None = None
    query: tuple[Parameter, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def operation_id(self) -> str:
        return self.handler.__name__

    def route(self) -> web.RouteDef:
        """The operation as a route of aiohttp."""
        return web.route(self.method, API_ROOT + self.path, self.answer)

    async def answer(self, request: web.Request) -> web.Response:
        """Decode the body, call the handler, encode what comes out."""
        body = None
        if self.request is not None:
            if request.content_type != _JSON:
                return show_problem(request, Problem.UNSUPPORTED_MEDIA)
            body = msgspec.json.decode(await request.read(), type=self.request)
        outcome = await self.handler(request, body)
        if isinstance(outcome, Failure):
            return show_problem(
                request, outcome.problem, code=outcome.code, detail=outcome.detail, remedy=outcome.remedy
            )
        return web.Response(body=msgspec.json.encode(outcome), content_type=_JSON)
