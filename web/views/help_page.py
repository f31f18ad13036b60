"""How to use the portal, on one page, before sign-in too."""

from aiohttp import web

from web.render import render


async def show_help(request: web.Request) -> web.Response:
    return render(request, "help.html")
