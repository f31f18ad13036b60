"""Operations of the console on a person's second factors."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.model.ids import UserId
from broker.model.records import User
from broker.people.factor_desk import (
    AlreadyEnrolled,
    CodeGiven,
    FactorList,
    FactorOrder,
    IdentityCheck,
    IdentityUnchecked,
)
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import NotAllowed
from web.api.admin_policy import refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import MeasureTaken
from web.api.operation import Audience, Failure, Operation
from web.identity_words import ALREADY_ENROLLED, UNCHECKED
from web.problems import Problem
from web.visitor import actor_of, services_of


class CheckedReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``checked``: how the person was recognised. Both go into the audit."""

    reason: str
    checked: IdentityCheck | None = None


class PersonFactors(msgspec.Struct, frozen=True, kw_only=True):
    """``app_since``: when the app was enrolled. ``code_until``: end of the code to enrol, if one is out."""

    id: str
    login: str
    is_enrolled: bool
    app_since: datetime | None
    passkeys: int
    recovery_codes_left: int
    code_until: datetime | None


class EnrolmentCodeGiven(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once: only a hash of it is kept."""

    id: str
    login: str
    enrolment_code: str
    until: datetime


def _user_id(request: web.Request) -> UserId:
    return UserId(request.match_info["user_id"])


def _order(body: CheckedReason) -> FactorOrder:
    return FactorOrder(checked=body.checked, reason=body.reason)


def _refuse(refusal: NotAllowed | NoSuchPerson | ReasonMissing | IdentityUnchecked | AlreadyEnrolled) -> Failure:
    match refusal:
        case NotAllowed():
            return NOT_ALLOWED
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case ReasonMissing():
            return Failure(problem=Problem.BAD_REQUEST)
        case IdentityUnchecked():
            return refused("identity_unchecked", UNCHECKED)
        case AlreadyEnrolled():
            return refused("already_enrolled", ALREADY_ENROLLED)


async def show_factors(request: web.Request, _body: None) -> PersonFactors | Failure:
    found = await services_of(request).factor_desk.list_of(actor_of(request), _user_id(request))
    if not isinstance(found, FactorList):
        return _refuse(found)
    return PersonFactors(
        id=found.user.id,
        login=found.user.login,
        is_enrolled=found.user.is_enrolled,
        app_since=found.app_since,
        passkeys=found.passkeys,
        recovery_codes_left=found.recovery_codes_left,
        code_until=found.code_until,
    )


async def reset_factor(request: web.Request, body: CheckedReason) -> MeasureTaken | Failure:
    outcome = await services_of(request).factor_desk.reset(actor_of(request), _user_id(request), _order(body))
    return MeasureTaken(user_id=outcome.id) if isinstance(outcome, User) else _refuse(outcome)


async def give_enrolment_code(request: web.Request, body: CheckedReason) -> EnrolmentCodeGiven | Failure:
    outcome = await services_of(request).factor_desk.give_code(actor_of(request), _user_id(request), _order(body))
    if not isinstance(outcome, CodeGiven):
        return _refuse(outcome)
    user = outcome.user
    return EnrolmentCodeGiven(id=user.id, login=user.login, enrolment_code=outcome.code.reveal(), until=outcome.until)


FACTOR_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/people/{user_id}/factors",
        summary="A person's second factors",
        audience=Audience.CONSOLE,
        handler=show_factors,
        response=PersonFactors,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/people/{user_id}/reset-factor",
        summary="Remove app, passkeys and recovery codes; a factor is enrolled anew at the next sign-in",
        audience=Audience.CONSOLE,
        handler=reset_factor,
        request=CheckedReason,
        response=MeasureTaken,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/people/{user_id}/enrolment-code",
        summary="A one-time code with which a person without a factor enrols from outside of the office",
        audience=Audience.CONSOLE,
        handler=give_enrolment_code,
        request=CheckedReason,
        response=EnrolmentCodeGiven,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
)
