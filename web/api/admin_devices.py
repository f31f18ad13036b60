"""Operations of the console on devices."""

from typing import Final

from aiohttp import web

from broker.device.records import (
    Authority,
    DeviceDetails,
    DeviceRefused,
    EnrolOrder,
    Issued,
    NoSuchDevice,
    RenewOrder,
    Revoked,
)
from broker.model.ids import DeviceId
from broker.policy.administration import NotAllowed
from web.api.admin_policy import refused
from web.api.admin_pools import NOT_ALLOWED
from web.api.admin_records import Reason
from web.api.device_records import (
    AdminDeviceDetails,
    AdminDevices,
    DeviceAuthorityCertificate,
    EnrolDevice,
    IssuedCertificate,
    RenewDevice,
    RevokedDevice,
    describe_certificate,
    describe_device,
    describe_issued,
)
from web.api.operation import Audience, Failure, Operation, Parameter
from web.device_words import REFUSALS
from web.forms import read_query
from web.problems import Problem
from web.visitor import actor_of, services_of

_NO_DEVICE: Final = Failure(problem=Problem.NO_SUCH_DEVICE)


def _refuse(why: DeviceRefused) -> Failure:
    return refused(why.why.value, REFUSALS[why.why])


def _device_id(request: web.Request) -> DeviceId:
    return DeviceId(request.match_info["device_id"])


async def list_devices(request: web.Request, _body: None) -> AdminDevices | Failure:
    rows = await services_of(request).devices.search(actor_of(request), read_query(request, "q"))
    if isinstance(rows, NotAllowed):
        return NOT_ALLOWED
    return AdminDevices([describe_device(row) for row in rows])


async def show_device(request: web.Request, _body: None) -> AdminDeviceDetails | Failure:
    match await services_of(request).devices.details(actor_of(request), _device_id(request)):
        case DeviceDetails() as found:
            return AdminDeviceDetails(
                device=describe_device(found.row),
                owner_name=found.owner_name,
                certificates=[describe_certificate(each) for each in found.certificates],
            )
        case NoSuchDevice():
            return _NO_DEVICE
        case NotAllowed():
            return NOT_ALLOWED


async def enrol_device(request: web.Request, body: EnrolDevice) -> IssuedCertificate | Failure:
    order = EnrolOrder(name=body.name, kind=body.kind, owner=body.owner, sim_line=body.sim_line, request=body.request)
    match await services_of(request).devices.enrol(actor_of(request), order):
        case Issued() as issued:
            return describe_issued(issued)
        case DeviceRefused() as why:
            return _refuse(why)
        case NotAllowed():
            return NOT_ALLOWED


async def renew_device(request: web.Request, body: RenewDevice) -> IssuedCertificate | Failure:
    order = RenewOrder(request=body.request, ends_old=body.ends_old)
    match await services_of(request).devices.renew(actor_of(request), _device_id(request), order):
        case Issued() as issued:
            return describe_issued(issued)
        case DeviceRefused() as why:
            return _refuse(why)
        case NoSuchDevice():
            return _NO_DEVICE
        case NotAllowed():
            return NOT_ALLOWED


async def revoke_device(request: web.Request, body: Reason) -> RevokedDevice | Failure:
    match await services_of(request).devices.revoke(actor_of(request), _device_id(request), body.reason):
        case Revoked(device=device, web_sessions=count):
            return RevokedDevice(id=device.id, name=device.name, revoked_at=device.revoked_at, web_sessions=count)
        case DeviceRefused() as why:
            return _refuse(why)
        case NoSuchDevice():
            return _NO_DEVICE
        case NotAllowed():
            return NOT_ALLOWED


async def export_device_authority(request: web.Request, _body: None) -> DeviceAuthorityCertificate | Failure:
    match await services_of(request).devices.export_authority(actor_of(request)):
        case Authority(certificate_pem=pem, not_after=not_after):
            return DeviceAuthorityCertificate(certificate_pem=pem, not_after=not_after)
        case NotAllowed():
            return NOT_ALLOWED


_CONSOLE: Final = Audience.CONSOLE
_NONE: Final = (Problem.NO_SUCH_DEVICE,)
DEVICE_OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/admin/devices",
        summary="Devices by name, holder or SIM line; at most 500",
        audience=_CONSOLE,
        handler=list_devices,
        response=AdminDevices,
        query=(Parameter("q", "part of a name, a login or a SIM line"),),
    ),
    Operation(
        method="POST",
        path="/admin/devices",
        summary="Enrol a device; the answer holds its certificate, and its key if it was made here",
        audience=_CONSOLE,
        handler=enrol_device,
        request=EnrolDevice,
        response=IssuedCertificate,
    ),
    Operation(
        method="GET",
        path="/admin/devices/{device_id}",
        summary="One device with its certificates",
        audience=_CONSOLE,
        handler=show_device,
        response=AdminDeviceDetails,
        problems=_NONE,
    ),
    Operation(
        method="POST",
        path="/admin/devices/{device_id}/renew",
        summary="A further certificate for the same device",
        audience=_CONSOLE,
        handler=renew_device,
        request=RenewDevice,
        response=IssuedCertificate,
        problems=_NONE,
    ),
    Operation(
        method="POST",
        path="/admin/devices/{device_id}/revoke",
        summary="Revoke a device: its sign-ins end at once, its sessions within seconds",
        audience=_CONSOLE,
        handler=revoke_device,
        request=Reason,
        response=RevokedDevice,
        problems=_NONE,
    ),
    Operation(
        method="GET",
        path="/admin/device-authority",
        summary="The certificate of the authority that signs devices; made at the first call",
        audience=_CONSOLE,
        handler=export_device_authority,
        response=DeviceAuthorityCertificate,
    ),
)
