"""Operations of the console on people."""

from typing import Final

from aiohttp import web

from broker.model.ids import UserId
from broker.model.records import User
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import NotAllowed
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import MeasureTaken, People, Person, Reason
from web.api.directory_records import describe_member
from web.api.operation import Audience, Failure, Operation, Parameter
from web.forms import read_query
from web.measures import Measure, order_measure
from web.problems import Problem
from web.visitor import actor_of, services_of


def describe_person(user: User) -> Person:
    return Person(
        id=user.id,
        login=user.login,
        display_name=user.display_name,
        department=user.department,
        roles=sorted(user.roles),
        is_locked=user.is_locked,
        is_enrolled=user.is_enrolled,
        last_signed_in_at=user.last_signed_in_at,
        left_at=user.left_at,
    )


async def search_people(request: web.Request, _body: None) -> People | Failure:
    text = read_query(request, "q")
    people = await services_of(request).people.search(actor_of(request), text)
    newcomers = await services_of(request).directory.search(actor_of(request), text, only_new=True)
    if isinstance(people, NotAllowed) or isinstance(newcomers, NotAllowed):
        return NOT_ALLOWED
    return People(
        [describe_person(user) for user in people],
        [describe_member(person) for person in newcomers.people],
    )


async def _take(request: web.Request, measure: Measure, body: Reason) -> MeasureTaken | Failure:
    user_id = UserId(request.match_info["user_id"])
    match await order_measure(request, measure, user_id, body.reason):
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED
        case ReasonMissing():
            return Failure(problem=Problem.BAD_REQUEST)
        case User():
            return MeasureTaken(user_id=user_id)


async def lock_person(request: web.Request, body: Reason) -> MeasureTaken | Failure:
    return await _take(request, Measure.LOCK, body)


async def unlock_person(request: web.Request, body: Reason) -> MeasureTaken | Failure:
    return await _take(request, Measure.UNLOCK, body)


async def sign_person_out(request: web.Request, body: Reason) -> MeasureTaken | Failure:
    return await _take(request, Measure.SIGN_OUT, body)


def _measure(measure: Measure, summary: str) -> Operation:
    handlers = {
        Measure.LOCK: lock_person,
        Measure.UNLOCK: unlock_person,
        Measure.SIGN_OUT: sign_person_out,
    }
    return Operation(
        method="POST",
        path=f"/admin/people/{{user_id}}/{measure}",
        summary=summary,
        audience=Audience.CONSOLE,
        handler=handlers[measure],
        request=Reason,
        response=MeasureTaken,
        problems=(Problem.NO_SUCH_PERSON,),
    )


PEOPLE_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/people",
        summary="People by a part of name, login or department: who has signed in, and the first 50 who never did",
        audience=Audience.CONSOLE,
        handler=search_people,
        response=People,
        query=(Parameter("q", "Part of name, login or department"),),
    ),
    _measure(Measure.LOCK, "Lock an account, end its sign-ins, disconnect its sessions"),
    _measure(Measure.UNLOCK, "Unlock an account"),
    _measure(Measure.SIGN_OUT, "End all sign-ins of a person"),
)
