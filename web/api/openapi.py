"""The API's description, and its routes."""

from typing import Any

import msgspec
from aiohttp import web

from web.api.describe import describe_api
from web.api.operation import API_ROOT, Audience
from web.api.table import OPERATIONS


def openapi_document() -> dict[str, Any]:
    """The whole API as an OpenAPI 3.1 document."""
    return describe_api(OPERATIONS)


async def show_openapi(_request: web.Request) -> web.Response:
    return web.Response(body=msgspec.json.encode(openapi_document()), content_type="application/json")


def api_routes(*audiences: Audience) -> list[web.RouteDef]:
    """The routes of the operations for these audiences, and the description."""
    routes = [operation.route() for operation in OPERATIONS if operation.audience in audiences]
    return [*routes, web.get(f"{API_ROOT}/openapi.json", show_openapi)]
