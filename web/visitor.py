"""Who a request comes from: tenant, signed-in person, request id. Set once by the middlewares, read by the views."""

from typing import Final

from aiohttp import web

from broker.model.accounts import LocalAccount
from broker.model.actor import Actor
from broker.model.records import Tenant
from broker.signin.records import Authenticated
from web.context import Services

SERVICES: Final = web.AppKey("services", Services)

TENANT: Final = web.RequestKey("tenant", Tenant)
AUTHENTICATED: Final = web.RequestKey("authenticated", Authenticated)
ACTOR: Final = web.RequestKey("actor", Actor)
EMERGENCIES: Final = web.RequestKey("emergencies", tuple[LocalAccount, ...])
REQUEST_ID: Final = web.RequestKey("request_id", str)


def services_of(request: web.Request) -> Services:
    return request.app[SERVICES]


def signed_in(request: web.Request) -> Authenticated:
    """The person behind a request on a route that requires sign-in."""
    return request[AUTHENTICATED]


def actor_of(request: web.Request) -> Actor:
    """Who acts in the console: the signed-in person, or the peer of the admin socket."""
    return request[ACTOR]


def make_actor(auth: Authenticated, address: str) -> Actor:
    return Actor(
        tenant_id=auth.user.tenant_id,
        name=f"user:{auth.user.id}",
        roles=auth.roles,
        address=address,
        factor_at=auth.session.factor_at,
    )
