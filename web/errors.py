"""The only place that turns faults into HTTP. A page for people, ``{"error": …}`` for the API."""

import errno
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from broker.errors import StoreUnavailable
from web.language import language_of, translate
from web.problems import API_STEPS, EXPLANATIONS, Problem
from web.render import render
from web.routes import is_static
from web.visitor import REQUEST_ID

API_PREFIX: Final = "/api/"
log = structlog.get_logger("web")

_BY_STATUS: Final[Mapping[int, Problem]] = MappingProxyType(
    {
        400: Problem.BAD_REQUEST,
        403: Problem.NOT_ALLOWED,
        404: Problem.NOT_FOUND,
        405: Problem.METHOD_NOT_ALLOWED,
        413: Problem.TOO_LARGE,
        415: Problem.UNSUPPORTED_MEDIA,
    }
)


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong, for a person (``message``, ``next_step``) and for a program (``code``)."""

    code: str
    message: str
    next_step: str


class ErrorAnswer(msgspec.Struct, frozen=True):
    error: ErrorBody


def show_problem(
    request: web.Request, problem: Problem, *, code: str | None = None, detail: str = "", remedy: str = ""
) -> web.Response:
    """The answer to a request that came to nothing. ``code``, ``detail`` and ``remedy`` (message ids) narrow it."""
    explanation = EXPLANATIONS[problem]
    language = language_of(request)
    what = translate(language, explanation.what)
    next_step = translate(language, remedy or explanation.next_step)
    detail = translate(language, detail) if detail else ""
    shown_code = code or problem.value
    if request.path.startswith(API_PREFIX):
        next_step = translate(language, remedy or API_STEPS.get(problem, explanation.next_step))
        body = ErrorAnswer(ErrorBody(shown_code, detail or what, next_step))
        return web.Response(body=msgspec.json.encode(body), content_type="application/json", status=explanation.status)
    return render(
        request,
        "error.html",
        status=explanation.status,
        http_status=explanation.status,
        code=shown_code,
        what=what,
        detail=detail,
        next_step=next_step,
        reference=request.get(REQUEST_ID, ""),
    )


@web.middleware
async def answer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn faults into answers. What nobody expected is logged with its trace and told as 500."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        response = show_problem(request, _BY_STATUS.get(answer.status, Problem.BAD_REQUEST))
        if "Allow" in answer.headers:
            response.headers["Allow"] = answer.headers["Allow"]
        return response
    except msgspec.ValidationError as fault:
        # It names the field, and holds no more of what was sent than a word that should have been another.
        return show_problem(request, Problem.BAD_REQUEST, detail=str(fault))
    except (msgspec.DecodeError, UnicodeError, web.RequestPayloadError):
        return show_problem(request, Problem.BAD_REQUEST)
    except StoreUnavailable as fault:
        log.warning("store unavailable", path=request.path, fault=str(fault))
        return show_problem(request, Problem.STORE_UNAVAILABLE)
    except Exception as fault:  # noqa: BLE001
        # The outermost edge of a request: it alone fails, and nobody sees its insides.
        return _answer_unexpected(request, fault)


def _answer_unexpected(request: web.Request, fault: Exception) -> web.Response:
    if isinstance(fault, ConnectionError) and request.transport is None:
        # Whoever hangs up in the middle of a request is no fault of ours, and nobody reads the answer.
        log.debug("client went away", method=request.method, path=request.path)
        return show_problem(request, Problem.BAD_REQUEST)
    if isinstance(fault, OSError) and fault.errno == errno.ENAMETOOLONG and is_static(request):
        return show_problem(request, Problem.NOT_FOUND)
    log.error("request failed", method=request.method, path=request.path, exc_info=fault)
    return show_problem(request, Problem.SERVER_ERROR)
