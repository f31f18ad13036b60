"""Operations of the console on directories."""

from typing import Final

from aiohttp import web

from broker.directory.records import DoubtConfirmed, NoSuchDirectory, NothingDoubted, Prepared, SyncAsked
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import NotAllowed
from web.api.admin_pools import NOT_ALLOWED
from web.api.directory_records import (
    AskSync,
    ConfirmDoubt,
    Confirmed,
    Department,
    Directories,
    DirectoryPeople,
    DirectoryUnits,
    NextPage,
    PreparedPerson,
    PreparePerson,
    SyncOrdered,
    describe_directory,
    describe_member,
)
from web.api.operation import Audience, Failure, Operation, Parameter
from web.forms import read_query
from web.problems import Problem
from web.visitor import actor_of, services_of

_NO_DIRECTORY: Final = Failure(problem=Problem.NO_SUCH_DIRECTORY)


async def list_directories(request: web.Request, _body: None) -> Directories | Failure:
    views = await services_of(request).directory.status(actor_of(request))
    return NOT_ALLOWED if isinstance(views, NotAllowed) else Directories([describe_directory(view) for view in views])


async def search_directory(request: web.Request, _body: None) -> DirectoryPeople | Failure:
    after = (read_query(request, "after"), read_query(request, "entry")) if "after" in request.query else None
    found = await services_of(request).directory.search(actor_of(request), read_query(request, "q"), after)
    if isinstance(found, NotAllowed):
        return NOT_ALLOWED
    following = NextPage(*found.next_after) if found.next_after else None
    return DirectoryPeople([describe_member(person) for person in found.people], following)


async def list_directory_units(request: web.Request, _body: None) -> DirectoryUnits | Failure:
    units = await services_of(request).directory.units(actor_of(request))
    if isinstance(units, NotAllowed):
        return NOT_ALLOWED
    return DirectoryUnits([Department(one.name, one.people) for one in units.departments], list(units.groups))


async def sync_directory(request: web.Request, body: AskSync) -> SyncOrdered | Failure:
    match await services_of(request).directory.ask_sync(actor_of(request), body.kind, body.directory):
        case SyncAsked(directories=count):
            return SyncOrdered(count)
        case NoSuchDirectory():
            return _NO_DIRECTORY
        case NotAllowed():
            return NOT_ALLOWED


async def prepare_person(request: web.Request, body: PreparePerson) -> PreparedPerson | Failure:
    match await services_of(request).directory.prepare(actor_of(request), body.login):
        case Prepared(user_id=user_id):
            return PreparedPerson(user_id)
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED


async def confirm_directory_doubt(request: web.Request, body: ConfirmDoubt) -> Confirmed | Failure:
    desk, directory = services_of(request).directory, request.match_info["directory"]
    match await desk.confirm_doubt(actor_of(request), directory, body.round, body.reason):
        case DoubtConfirmed(missing=missing):
            return Confirmed(missing)
        case NothingDoubted():
            return Failure(problem=Problem.STATE_CHANGED)
        case ReasonMissing():
            return Failure(problem=Problem.BAD_REQUEST)
        case NoSuchDirectory():
            return _NO_DIRECTORY
        case NotAllowed():
            return NOT_ALLOWED


DIRECTORY_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/directory",
        summary="Directories: how the sync of each stands, and what is kept of it",
        audience=Audience.CONSOLE,
        handler=list_directories,
        response=Directories,
    ),
    Operation(
        method="GET",
        path="/admin/directory/people",
        summary="People of the directories, also those who never signed in, 50 at a time",
        audience=Audience.CONSOLE,
        handler=search_directory,
        response=DirectoryPeople,
        query=(
            Parameter("q", "Part of name, login or department"),
            Parameter("after", "next_page.after of the page before"),
            Parameter("entry", "next_page.entry of the page before"),
        ),
    ),
    Operation(
        method="GET",
        path="/admin/directory/units",
        summary="Departments and groups of the directories",
        audience=Audience.CONSOLE,
        handler=list_directory_units,
        response=DirectoryUnits,
    ),
    Operation(
        method="POST",
        path="/admin/directory/sync",
        summary="Sync one directory, or all, as soon as a broker can",
        audience=Audience.CONSOLE,
        handler=sync_directory,
        request=AskSync,
        response=SyncOrdered,
        problems=(Problem.NO_SUCH_DIRECTORY,),
    ),
    Operation(
        method="POST",
        path="/admin/directory/people",
        summary="Give somebody who never signed in an account, so that a code to enrol with can be issued before",
        audience=Audience.CONSOLE,
        handler=prepare_person,
        request=PreparePerson,
        response=PreparedPerson,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/directory/{directory}/confirm",
        summary="People who were missing in a doubted answer are really gone",
        audience=Audience.CONSOLE,
        handler=confirm_directory_doubt,
        request=ConfirmDoubt,
        response=Confirmed,
        problems=(Problem.NO_SUCH_DIRECTORY, Problem.STATE_CHANGED),
    ),
)
