"""The API on a Unix socket of the broker's host: the command line's way in.

Who may connect is the file's mode; who did connect is asked of the kernel (SO_PEERCRED, unix(7)).
"""

import os
import socket
import struct
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.records import Tenant
from web.api.openapi import api_routes
from web.api.operation import Audience
from web.context import Services
from web.errors import answer_faults, show_problem
from web.problems import Problem
from web.visitor import ACTOR, SERVICES, TENANT, services_of

TENANT_HEADER: Final = "X-Sekisho-Tenant"
MAX_BODY_BYTES: Final = 2 << 20
"""A settings file (at most 1 MiB) as JSON."""
_UCRED: Final = struct.Struct("3i")


def peer_uid(request: web.Request) -> int | None:
    """The user at the other end of the socket; ``None`` where the kernel does not tell."""
    transport = request.transport
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None or peer.family != socket.AF_UNIX:
        return None
    _pid, uid, _gid = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)


async def _choose_tenant(request: web.Request) -> Tenant | None:
    tenants = await services_of(request).tenants.list_all()
    wanted = request.headers.get(TENANT_HEADER)
    if wanted is None:
        return tenants[0] if len(tenants) == 1 else None
    return next((tenant for tenant in tenants if tenant.id == wanted), None)


@web.middleware
async def know_peer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only root and the user that runs the broker; they act as system administrators."""
    uid = peer_uid(request)
    if uid is None or uid not in {0, os.geteuid()}:
        return show_problem(request, Problem.NOT_ALLOWED)
    tenant = await _choose_tenant(request)
    if tenant is None:
        return show_problem(request, Problem.UNKNOWN_TENANT)
    request[TENANT] = tenant
    request[ACTOR] = Actor(
        tenant_id=tenant.id, name=f"local:{uid}", roles=frozenset({Role.SYSTEM_ADMIN}), address="local"
    )
    return await handler(request)


def create_admin_app(services: Services) -> web.Application:
    """The operations of the console alone, for ``sekisho`` on the command line."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[answer_faults, know_peer])
    app[SERVICES] = services
    app.add_routes(api_routes(Audience.CONSOLE))
    return app
