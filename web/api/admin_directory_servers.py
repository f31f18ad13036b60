"""Operations of the console on the servers of directories."""

from typing import Final

import msgspec
from aiohttp import web

from broker.model.directory_health import CheckFinding, ServerHealth
from broker.policy.administration import NotAllowed
from web.api.admin_pools import NOT_ALLOWED
from web.api.operation import Audience, Failure, Operation
from web.visitor import actor_of, services_of


class DirectoryServerList(msgspec.Struct, frozen=True):
    servers: list[ServerHealth]


class DirectoryCheck(msgspec.Struct, frozen=True):
    findings: list[CheckFinding]


async def list_directory_servers(request: web.Request, _body: None) -> DirectoryServerList | Failure:
    found = await services_of(request).directory_servers.health(actor_of(request))
    return NOT_ALLOWED if isinstance(found, NotAllowed) else DirectoryServerList(found)


async def check_directory_servers(request: web.Request, _body: None) -> DirectoryCheck | Failure:
    found = await services_of(request).directory_servers.check(actor_of(request))
    return NOT_ALLOWED if isinstance(found, NotAllowed) else DirectoryCheck(found)


DIRECTORY_SERVER_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/directory/servers",
        summary="How the servers of the directories are, as this broker has found them",
        audience=Audience.CONSOLE,
        handler=list_directory_servers,
        response=DirectoryServerList,
    ),
    Operation(
        method="POST",
        path="/admin/directory/check",
        summary="Try each step of a sign-in at each server of the directories",
        audience=Audience.CONSOLE,
        handler=check_directory_servers,
        response=DirectoryCheck,
    ),
)
