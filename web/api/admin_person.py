"""The operation of the help desk: one person, what is in the way of their sign-in, what was lately."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.model.ids import UserId
from broker.people.help_desk import PersonSheet
from broker.people.records import NoSuchPerson
from broker.policy.administration import NotAllowed
from web.api.admin_people import describe_person
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import Person
from web.api.operation import Audience, Failure, Operation
from web.language import language_of, translate
from web.person_sheet import SigninLine, Trouble, signin_lines, troubles_of
from web.problems import Problem
from web.visitor import actor_of, services_of


class TroubleTold(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` and ``cause`` are codes; ``text`` says it in words, ``advice`` what to do."""

    kind: str
    cause: str
    text: str
    advice: str
    until: datetime | None


class SigninShown(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    kind: str
    cause: str
    text: str
    advice: str
    origin: str
    entrance: str
    address: str
    device: str


class PersonShown(msgspec.Struct, frozen=True, kw_only=True):
    """``troubles`` empty: nothing is in the way. ``locks``: keys of what counts for this login now."""

    person: Person
    troubles: list[TroubleTold]
    signins: list[SigninShown]
    locks: list[str]
    browsers: int
    live_sessions: list[str]
    devices: list[str]
    approved_until: str | None


async def show_person(request: web.Request, _body: None) -> PersonShown | Failure:
    match await services_of(request).help_desk.look(actor_of(request), UserId(request.match_info["user_id"])):
        case PersonSheet() as sheet:
            return _shown(request, sheet)
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED


def _shown(request: web.Request, sheet: PersonSheet) -> PersonShown:
    return PersonShown(
        person=describe_person(sheet.user),
        troubles=[_trouble(request, trouble) for trouble in troubles_of(sheet)],
        signins=[_signin(request, line) for line in signin_lines(sheet)],
        locks=[throttle.key for throttle in sheet.throttles],
        browsers=len(sheet.browsers),
        live_sessions=[session.id for session, _pool in sheet.live],
        devices=[device.name for device in sheet.devices],
        approved_until=None if sheet.approval is None else sheet.approval.ends_on.isoformat(),
    )


def _trouble(request: web.Request, trouble: Trouble) -> TroubleTold:
    language = language_of(request)
    more = [translate(language, trouble.cause)] if trouble.cause else []
    more += [trouble.which] if trouble.which else []
    return TroubleTold(
        kind=trouble.hindrance.kind,
        cause=trouble.hindrance.what,
        text=": ".join([translate(language, trouble.what), *more]),
        advice=translate(language, trouble.advice),
        until=trouble.hindrance.until,
    )


def _signin(request: web.Request, line: SigninLine) -> SigninShown:
    language, told = language_of(request), line.told
    more = [translate(language, line.cause)] if line.cause else []
    return SigninShown(
        at=told.at,
        kind=told.kind,
        cause=told.cause,
        text=": ".join([translate(language, line.title), *more]),
        advice=translate(language, line.advice) if line.advice else "",
        origin=told.origin,
        entrance=told.entrance,
        address=told.address,
        device=line.device,
    )


PERSON_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/people/{user_id}",
        summary="One person: what is in the way of a sign-in and what to do, the last sign-ins, waits, sessions",
        audience=Audience.CONSOLE,
        handler=show_person,
        response=PersonShown,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
)
