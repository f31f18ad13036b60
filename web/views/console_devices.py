"""The console: devices (端末) that hold a certificate."""

import base64
from typing import Final

from aiohttp import web

from broker.device.records import (
    DeviceDetails,
    DeviceRefusal,
    DeviceRefused,
    DeviceState,
    EnrolOrder,
    Issued,
    NoSuchDevice,
    RenewOrder,
    Revoked,
)
from broker.model.ids import DeviceId
from broker.model.kinds import DeviceKind
from broker.policy.administration import Action, NotAllowed, refuse_action
from web.device_words import FIELDS, KINDS, REFUSALS, STATES
from web.errors import show_problem
from web.forms import read_form, read_long_field, read_query, see_other
from web.language import gettext_noop as _
from web.problems import Problem
from web.views.confirmation import Confirmation, ask_again, ask_for, is_reason_missing
from web.views.console import console_page
from web.visitor import actor_of, services_of

MAX_REQUEST_CHARS: Final = 16_384
PATH: Final = "/console/devices"


async def list_devices(request: web.Request) -> web.Response:
    text = read_query(request, "q")
    rows = await services_of(request).devices.search(actor_of(request), text)
    if isinstance(rows, NotAllowed):
        return show_problem(request, Problem.NOT_ALLOWED)
    expiring = sum(1 for row in rows if row.state is DeviceState.EXPIRING)
    expired = sum(1 for row in rows if row.state is DeviceState.EXPIRED)
    return console_page(
        request,
        "console/devices.html",
        "devices",
        rows=rows,
        text=text,
        expiring=expiring,
        expired=expired,
        kinds=KINDS,
        states=STATES,
    )


async def show_enrolment(request: web.Request) -> web.Response:
    return _enrolment_page(request, {}, None)


def _enrolment_page(request: web.Request, fields: dict[str, str], why: DeviceRefusal | None) -> web.Response:
    if refuse_action(actor_of(request).roles, Action.CHANGE_DEVICES) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    return console_page(
        request,
        "console/device_enrol.html",
        "devices",
        status=200 if why is None else 422,
        fields=fields,
        error=None if why is None else REFUSALS[why],
        field="name" if why is None else FIELDS.get(why, "name"),
        kinds=KINDS,
    )


async def enrol_device(request: web.Request) -> web.Response:
    fields = await read_form(request)
    fields["request"] = await read_long_field(request, "request", MAX_REQUEST_CHARS)
    order = EnrolOrder(
        name=fields.get("name", "").strip(),
        kind=_kind_of(fields.get("kind", "")),
        owner=fields.get("owner", "").strip(),
        sim_line=fields.get("sim_line", "").strip(),
        request=fields["request"].strip(),
    )
    match await services_of(request).devices.enrol(actor_of(request), order):
        case Issued() as issued:
            return _hand_over(request, issued)
        case DeviceRefused(why):
            return _enrolment_page(request, fields, why)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


def _kind_of(text: str) -> DeviceKind:
    return DeviceKind(text) if text in set(DeviceKind) else DeviceKind.NONE


def _hand_over(request: web.Request, issued: Issued) -> web.Response:
    """The only page that ever holds the key: the browser keeps no copy of it (``no-store``), and neither do we."""
    file = issued.key_file
    return console_page(
        request,
        "console/device_issued.html",
        "devices",
        issued=issued,
        password=None if file is None else file.password.reveal(),
        key_file=None if file is None else base64.b64encode(file.content).decode("ascii"),
        certificate=base64.b64encode(issued.certificate_pem.encode()).decode("ascii"),
    )


async def _find(request: web.Request) -> DeviceDetails | Problem:
    device_id = DeviceId(request.match_info["device_id"])
    match await services_of(request).devices.details(actor_of(request), device_id):
        case DeviceDetails() as details:
            return details
        case NoSuchDevice():
            return Problem.NO_SUCH_DEVICE
        case NotAllowed():
            return Problem.NOT_ALLOWED


async def show_device(request: web.Request) -> web.Response:
    details = await _find(request)
    if isinstance(details, Problem):
        return show_problem(request, details)
    return console_page(
        request, "console/device.html", "devices", details=details, row=details.row, kinds=KINDS, states=STATES
    )


async def ask_renewal(request: web.Request) -> web.Response:
    return await _renewal_page(request, None)


async def _renewal_page(request: web.Request, why: DeviceRefusal | None) -> web.Response:
    details = await _find(request)
    if isinstance(details, Problem):
        return show_problem(request, details)
    if refuse_action(actor_of(request).roles, Action.CHANGE_DEVICES) is not None:
        return show_problem(request, Problem.NOT_ALLOWED)
    if why is None and details.row.device.revoked_at is not None:
        why = DeviceRefusal.ALREADY_REVOKED
    return console_page(
        request,
        "console/device_renew.html",
        "devices",
        status=200 if why is None else 422,
        row=details.row,
        error=None if why is None else REFUSALS[why],
    )


async def renew_device(request: web.Request) -> web.Response:
    fields = await read_form(request)
    text = await read_long_field(request, "request", MAX_REQUEST_CHARS)
    order = RenewOrder(request=text.strip(), ends_old="ends_old" in fields)
    device_id = DeviceId(request.match_info["device_id"])
    match await services_of(request).devices.renew(actor_of(request), device_id, order):
        case Issued() as issued:
            return _hand_over(request, issued)
        case DeviceRefused(why):
            return await _renewal_page(request, why)
        case NoSuchDevice():
            return show_problem(request, Problem.NO_SUCH_DEVICE)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)


def _confirm_revocation(details: DeviceDetails) -> Confirmation:
    device = details.row.device
    owner = f"{details.owner_name or '–'}（{device.owner}）" if device.owner else "–"
    return Confirmation(
        title=_("端末を失効させますか"),
        consequences=(
            _("この端末の証明書は、どの入口でもすぐに使えなくなります。"),
            _(
                "この端末でのログインは終わり、利用中のセッションは数秒のうちに終了します。保存していない内容は失われます。"
            ),
            _("元に戻せません。端末が見つかったときは、新しい端末として登録し直してください。"),
        ),
        facts=((_("端末名"), device.name), (_("使用者"), owner), (_("SIM回線"), device.sim_line or "–")),
        action=f"{PATH}/{device.id}/revoke",
        permission=Action.CHANGE_DEVICES,
        button=_("失効させる"),
        back=f"{PATH}/{device.id}",
    )


async def ask_revocation(request: web.Request) -> web.Response:
    details = await _find(request)
    if isinstance(details, Problem):
        return show_problem(request, details)
    return ask_for(request, "devices", _confirm_revocation(details))


async def revoke_device(request: web.Request) -> web.Response:
    reason = (await read_form(request)).get("reason", "").strip()
    if is_reason_missing(reason):
        details = await _find(request)
        if isinstance(details, Problem):
            return show_problem(request, details)
        return ask_again(request, "devices", _confirm_revocation(details))
    device_id = DeviceId(request.match_info["device_id"])
    match await services_of(request).devices.revoke(actor_of(request), device_id, reason):
        case Revoked():
            return see_other(f"{PATH}/{device_id}?done=device_revoked")
        case DeviceRefused():
            return show_problem(request, Problem.STATE_CHANGED)
        case NoSuchDevice():
            return show_problem(request, Problem.NO_SUCH_DEVICE)
        case NotAllowed():
            return show_problem(request, Problem.NOT_ALLOWED)
