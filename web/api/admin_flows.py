"""Operations of the console on permitted flows. Addresses of hosts are in the answers: that is what the list is for."""

from datetime import date
from typing import Final

import msgspec
from aiohttp import web

from broker.flow import Flow, Side
from broker.model.flow_settings import Transport
from broker.policy.administration import NotAllowed
from web.api.admin_pools import NOT_ALLOWED
from web.api.operation import Audience, Failure, Operation
from web.visitor import actor_of, services_of


class FlowEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A host, machines that the settings list without a host of their own, or clients. No addresses: any."""

    name: str
    host_id: str | None
    zone: str
    addresses: list[str]


class PermittedFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that ``source`` may open. ``settings`` are the paths that it comes from."""

    id: str
    source: FlowEnd
    target: FlowEnd
    protocol: Transport
    port: int
    why_ja: str
    why_en: str
    ends_on: date | None
    settings: list[str]


class PermittedFlows(msgspec.Struct, frozen=True):
    flows: list[PermittedFlow]


def _end(side: Side) -> FlowEnd:
    return FlowEnd(name=side.name, host_id=side.host_id, zone=side.zone, addresses=list(side.addresses))


def _describe(flow: Flow) -> PermittedFlow:
    return PermittedFlow(
        id=flow.id,
        source=_end(flow.source),
        target=_end(flow.target),
        protocol=flow.protocol,
        port=flow.port,
        why_ja=flow.why_ja,
        why_en=flow.why_en,
        ends_on=flow.ends_on,
        settings=list(flow.settings),
    )


async def list_flows(request: web.Request, _body: None) -> PermittedFlows | Failure:
    flows = await services_of(request).flows.list_flows(actor_of(request))
    return NOT_ALLOWED if isinstance(flows, NotAllowed) else PermittedFlows([_describe(flow) for flow in flows])


FLOW_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/flows",
        summary="Permitted flows: every connection that the site needs",
        audience=Audience.CONSOLE,
        handler=list_flows,
        response=PermittedFlows,
    ),
)
