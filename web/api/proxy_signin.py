"""A person's own sign-in inside one call of the admin socket, where nobody has signed in.

Both steps run as at the door, with its throttles and its audit; the session that they make ends with the call.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web

from broker.model.actor import Actor
from broker.model.arrival import Arrival
from broker.model.kinds import Origin
from broker.model.place import Place
from broker.secret import Secret
from broker.signin.records import CodeAttempt, NeedFactor, PasswordAttempt, SignedIn
from web.api.operation import Failure
from web.problems import Problem
from web.visitor import AUTHENTICATED, TENANT, actor_of, services_of

_HERE: Final = Arrival(entrance="local", address="local", place=Place(origin=Origin.OFFICE))
"""The broker's own host. Nothing is known of a device, and no desktop is opened from here."""
_REFUSED: Final = Failure(problem=Problem.BAD_REQUEST, code="sign_in_refused", detail="the sign-in was refused")


_NO_PASSKEY: Final = Failure(problem=Problem.PASSKEY_REQUIRED)
"""A terminal shows no passkey: whose role asks for one acts in the console."""


class SignInProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Login, password and the one-time code of the person who acts. Never kept, never logged."""

    login: str
    password: str
    code: str

    def __repr__(self) -> str:
        return "<sign-in>"


@asynccontextmanager
async def acting_person(request: web.Request, proof: SignInProof | None) -> AsyncGenerator[Actor | Failure, None]:
    """Who acts: the person of the session, or on the admin socket the one who signs in for this call alone."""
    if proof is None or AUTHENTICATED in request:
        yield actor_of(request)
        return
    outcome = await _sign_in(request, proof)
    if not isinstance(outcome, SignedIn):
        yield _REFUSED
        return
    try:
        yield _NO_PASSKEY if outcome.withheld_roles else _actor_from(outcome)
    finally:
        await services_of(request).people.sign_out(outcome.token)


def _actor_from(outcome: SignedIn) -> Actor:
    return Actor(
        tenant_id=outcome.user.tenant_id,
        name=f"user:{outcome.user.id}",
        roles=outcome.user.roles,
        address=_HERE.address,
        factor_at=outcome.session.factor_at,
    )


async def _sign_in(request: web.Request, proof: SignInProof) -> SignedIn | None:
    hostname = next(iter(sorted(request[TENANT].hostnames)), "")
    attempt = PasswordAttempt(
        hostname=hostname, login=proof.login, password=Secret(proof.password), arrival=_HERE, user_agent="sekisho"
    )
    signin = services_of(request).signin
    asked = await signin.submit_password(attempt)
    if not isinstance(asked, NeedFactor):
        return None
    code = CodeAttempt(pending=asked.pending, code=proof.code, arrival=_HERE, user_agent="sekisho")
    outcome = await signin.submit_code(code)
    return outcome if isinstance(outcome, SignedIn) else None
