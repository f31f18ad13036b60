"""Operations of the console on people's passkeys."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from broker.model.ids import UserId
from broker.model.passkeys import Passkey
from broker.people.passkeys import PasskeyKept
from broker.people.records import NoSuchPerson, ReasonMissing
from broker.policy.administration import NotAllowed
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import Reason
from web.api.operation import Audience, Failure, Operation
from web.passkey_words import KEPT
from web.problems import Problem
from web.visitor import actor_of, services_of


class AdminPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey as the desk sees it. ``aaguid`` names the model where the authenticator told it."""

    id: str
    name: str
    rp_id: str
    aaguid: str
    created_at: datetime
    last_used_at: datetime | None


class Passkeys(msgspec.Struct, frozen=True):
    passkeys: list[AdminPasskey]


class PasskeyRemoved(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


def _describe(passkey: Passkey) -> AdminPasskey:
    return AdminPasskey(
        id=passkey.id,
        name=passkey.name,
        rp_id=passkey.rp_id,
        aaguid=passkey.aaguid,
        created_at=passkey.created_at,
        last_used_at=passkey.last_used_at,
    )


async def list_passkeys(request: web.Request, _body: None) -> Passkeys | Failure:
    user_id = UserId(request.match_info["user_id"])
    match await services_of(request).person_passkeys.list_of(actor_of(request), user_id):
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED
        case found:
            return Passkeys([_describe(passkey) for passkey in found])


async def remove_passkey(request: web.Request, body: Reason) -> PasskeyRemoved | Failure:
    user_id, passkey_id = UserId(request.match_info["user_id"]), request.match_info["passkey_id"]
    outcome = await services_of(request).person_passkeys.remove(actor_of(request), user_id, passkey_id, body.reason)
    match outcome:
        case Passkey():
            return PasskeyRemoved(id=outcome.id, name=outcome.name)
        case PasskeyKept(code):
            return Failure(problem=Problem.STATE_CHANGED, code=code.value, detail=KEPT[code])
        case NoSuchPerson():
            return Failure(problem=Problem.NO_SUCH_PERSON)
        case NotAllowed():
            return NOT_ALLOWED
        case ReasonMissing():
            return Failure(problem=Problem.BAD_REQUEST)


PASSKEY_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/people/{user_id}/passkeys",
        summary="A person's passkeys, the oldest first",
        audience=Audience.CONSOLE,
        handler=list_passkeys,
        response=Passkeys,
        problems=(Problem.NO_SUCH_PERSON,),
    ),
    Operation(
        method="POST",
        path="/admin/people/{user_id}/passkeys/{passkey_id}/remove",
        summary="Take away one passkey (a lost key); the person's browsers are signed out. Never the last factor",
        audience=Audience.CONSOLE,
        handler=remove_passkey,
        request=Reason,
        response=PasskeyRemoved,
        problems=(Problem.NO_SUCH_PERSON, Problem.STATE_CHANGED),
    ),
)
