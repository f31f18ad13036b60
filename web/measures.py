"""What the IT desk can do about a person, for the console and the API alike."""

from enum import StrEnum

from aiohttp import web

from broker.model.ids import UserId
from web.context import ChangeOutcome
from web.visitor import actor_of, services_of


class Measure(StrEnum):
    """What the IT desk can do about a person; the last part of the path."""

    LOCK = "lock"
    UNLOCK = "unlock"
    SIGN_OUT = "sign-out"


async def order_measure(request: web.Request, measure: Measure, user_id: UserId, reason: str) -> ChangeOutcome:
    """The one service call behind a measure."""
    people, actor = services_of(request).people, actor_of(request)
    match measure:
        case Measure.LOCK:
            return await people.lock(actor, user_id, reason)
        case Measure.UNLOCK:
            return await people.unlock(actor, user_id, reason)
        case Measure.SIGN_OUT:
            return await people.end_signins(actor, user_id, reason)
