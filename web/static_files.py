"""Files of the portal that are not there: an answer in words, also where a program asked."""

from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from web.language import language_of, translate
from web.problems import EXPLANATIONS, Problem
from web.routes import is_static

STATIC: Final = Path(__file__).parent / "static"


@web.middleware
async def tell_missing_files(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The server's own answer to a missing file would be empty."""
    if not is_static(request) or (STATIC / request.match_info["filename"]).is_file():
        return await handler(request)
    explanation = EXPLANATIONS[Problem.NOT_FOUND]
    language = language_of(request)
    told = f"{translate(language, explanation.what)}\n{translate(language, explanation.next_step)}\n"
    return web.Response(text=told, status=explanation.status)
