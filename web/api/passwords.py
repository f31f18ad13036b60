"""The operation by which people change their own password."""

from typing import Final

import msgspec
from aiohttp import web

from broker.secret import Secret
from broker.signin.records import (
    CantChange,
    DirectoryDown,
    NotTaken,
    OwnChange,
    OwnPasswordChanged,
    Refused,
    StepUpMissing,
    Throttled,
)
from web.api.operation import Audience, Failure, Operation
from web.arrival import address_of
from web.password_words import DOWN, FAULTS, OLD_WRONG
from web.problems import Problem
from web.visitor import services_of, signed_in


class PasswordOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Never kept, never logged."""

    current_password: str
    new_password: str

    def __repr__(self) -> str:
        return "<passwords>"


class PasswordDone(msgspec.Struct, frozen=True):
    """``ended_signins``: the person's other sign-ins, which have ended."""

    ended_signins: int


async def change_password(request: web.Request, body: PasswordOrder) -> PasswordDone | Failure:
    wish = OwnChange(old=Secret(body.current_password), new=Secret(body.new_password), address=address_of(request))
    match await services_of(request).passwords.change_own(signed_in(request), wish):
        case OwnPasswordChanged(ended):
            return PasswordDone(ended)
        case NotTaken(fault):
            return Failure(problem=Problem.BAD_REQUEST, code=fault.value, detail=FAULTS[fault])
        case Refused():
            return Failure(problem=Problem.NOT_ALLOWED, code="current_password_wrong", detail=OLD_WRONG)
        case StepUpMissing():
            return Failure(problem=Problem.STEP_UP_REQUIRED)
        case Throttled(until):
            return Failure(problem=Problem.NOT_ALLOWED, code="throttled", detail=until.isoformat())
        case DirectoryDown():
            return Failure(problem=Problem.STORE_UNAVAILABLE, code="directory_unavailable", detail=DOWN)
        case CantChange():
            return Failure(problem=Problem.NOT_FOUND)


PASSWORD_OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/password",
        summary="Change one's own password; other sign-ins end",
        audience=Audience.STAFF,
        handler=change_password,
        request=PasswordOrder,
        response=PasswordDone,
        problems=(Problem.NOT_ALLOWED, Problem.NOT_FOUND, Problem.STORE_UNAVAILABLE),
    ),
)
