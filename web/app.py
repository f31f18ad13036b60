"""The portal as one aiohttp application: middlewares outside in, then the routes."""

from typing import Final

from aiohttp import web

from web.access import require_signin
from web.api.openapi import api_routes
from web.api.operation import Audience
from web.arrival import ENTRANCE, Entrance, know_arrival
from web.context import Services
from web.csrf import refuse_forgery
from web.emergency_banner import note_emergencies
from web.errors import answer_faults
from web.fresh_factor import FRESH_FACTOR_S, ask_fresh_factor
from web.headers import add_headers
from web.hosts import find_tenant
from web.routes import STATIC_ROUTE
from web.static_files import STATIC, tell_missing_files
from web.views import (
    consent,
    console,
    console_accounts,
    console_approvals,
    console_audit,
    console_devices,
    console_directory,
    console_directory_servers,
    console_exceptions,
    console_factors,
    console_flows,
    console_locks,
    console_mapping,
    console_mode,
    console_passkeys,
    console_people,
    console_policy,
    console_pools,
    console_rules,
    console_sessions,
    enrolment,
    help_page,
    leaving,
    own_factors,
    passkeys,
    password,
    portal,
    signin,
    step_up,
)
from web.visitor import SERVICES

MAX_BODY_BYTES: Final = 64 * 1024


def create_app(services: Services, entrance: Entrance, *, fresh_factor_s: int = 300) -> web.Application:
    """Pages, console, API and static files of the portal, behind an entrance. ``fresh_factor_s``: how old the second
    factor of somebody may be who changes something in the console."""
    app = web.Application(
        client_max_size=MAX_BODY_BYTES,
        middlewares=[
            add_headers,
            answer_faults,
            tell_missing_files,
            know_arrival,
            find_tenant,
            require_signin,
            note_emergencies,
            refuse_forgery,
            ask_fresh_factor,
        ],
    )
    app[SERVICES] = services
    app[ENTRANCE] = entrance
    app[FRESH_FACTOR_S] = fresh_factor_s
    app.add_routes([*_staff_routes(), *_console_routes(), *api_routes(Audience.STAFF, Audience.CONSOLE)])
    app.router.add_static(STATIC_ROUTE, STATIC, append_version=False)
    return app


def _staff_routes() -> list[web.RouteDef]:
    return [
        web.get("/login", signin.show_login),
        web.post("/login", signin.submit_login),
        web.get("/login/code", signin.show_code),
        web.post("/login/code", signin.submit_code),
        web.get("/login/enrol", enrolment.show_enrolment),
        web.post("/login/enrol", enrolment.confirm_enrolment),
        web.get("/login/password", password.show_demanded),
        web.post("/login/password", password.submit_demanded),
        web.get("/consent", consent.show_consent),
        web.post("/consent", consent.give_consent),
        web.get("/password", password.show_own),
        web.post("/password", password.submit_own),
        web.get("/language/{code}", leaving.choose_language),
        web.post("/signout", leaving.sign_out),
        web.post("/signout/everywhere", leaving.sign_out_everywhere),
        web.post("/login/passkey", passkeys.sign_in),
        web.post("/login/passkey/options", passkeys.ask_to_sign_in),
        web.post("/login/enrol/passkey", passkeys.enrol),
        web.post("/login/enrol/passkey/options", passkeys.ask_to_enrol),
        *_factor_routes(),
        web.get("/step-up", step_up.show_step_up),
        web.post("/step-up", step_up.step_up_by_code),
        web.post("/step-up/passkey", step_up.step_up_by_passkey),
        web.post("/step-up/passkey/options", step_up.ask_passkey),
        web.get("/help", help_page.show_help),
        web.get("/", portal.show_portal),
        web.post("/pools/{pool_id}/open", portal.open_pool),
        web.get("/pools/{pool_id}/why", portal.show_why),
        web.get("/sessions/{session_id}", portal.show_session),
        web.get("/sessions/{session_id}/logoff", portal.ask_log_off),
        web.post("/sessions/{session_id}/logoff", portal.log_off),
    ]


def _factor_routes() -> list[web.RouteDef]:
    passkey = "/factors/passkeys/{passkey_id}"
    return [
        web.get("/factors", own_factors.show_factors),
        web.post("/factors/passkeys/options", own_factors.ask_passkey),
        web.post("/factors/passkeys", own_factors.add_passkey),
        web.post(f"{passkey}/rename", own_factors.rename_passkey),
        web.post(f"{passkey}/remove", own_factors.remove_passkey),
        web.get("/factors/app", own_factors.show_app),
        web.post("/factors/app", own_factors.confirm_app),
        web.post("/factors/app/remove", own_factors.remove_app),
        web.post("/factors/codes", own_factors.renew_codes),
    ]


def _console_routes() -> list[web.RouteDef]:
    gate = "/console/pools/{pool_id}/{gate:open|close}"
    repair = "/console/pools/{pool_id}/desktops/{desktop_id}/repair"
    terminate = "/console/sessions/{session_id}/terminate"
    measure = "/console/people/{user_id}/{measure:lock|unlock|sign-out}"
    account_measure = "/console/local-accounts/{user_id}/{account_measure:enable|disable|delete|one-time-password}"
    factor_measure = "/console/people/{user_id}/{factor_measure:reset-factor|enrolment-code}"
    return [
        web.get("/console", console.show_console),
        web.get("/console/pools", console_pools.show_pools),
        web.get(gate, console_pools.ask_gate),
        web.post(gate, console_pools.set_gate),
        web.get("/console/pools/{pool_id}/desktops", console_pools.show_desktops),
        web.get(repair, console_pools.ask_repair),
        web.post(repair, console_pools.repair_desktop),
        web.get("/console/sessions", console_sessions.show_sessions),
        web.get(terminate, console_sessions.ask_terminate),
        web.post(terminate, console_sessions.terminate),
        web.get("/console/consents", consent.list_consents),
        web.get("/console/consents.csv", consent.export_consents),
        web.get("/console/people", console_people.search_people),
        web.get("/console/people/{user_id}", console_people.show_person),
        web.get("/console/local-accounts", console_accounts.list_accounts),
        web.get("/console/local-accounts/new", console_accounts.show_form),
        web.post("/console/local-accounts/new", console_accounts.add_account),
        web.get(account_measure, console_accounts.ask_measure),
        web.post(account_measure, console_accounts.take_measure),
        web.get(factor_measure, console_factors.ask_factor_measure),
        web.post(factor_measure, console_factors.take_factor_measure),
        web.get("/console/people/{user_id}/passkeys/{passkey_id}/remove", console_passkeys.ask_removal),
        web.post("/console/people/{user_id}/passkeys/{passkey_id}/remove", console_passkeys.remove),
        web.get(measure, console_people.ask_measure),
        web.post(measure, console_people.take_measure),
        web.get("/console/directory", console_directory.show_directory),
        web.post("/console/people/prepare", console_directory.prepare_person),
        web.get("/console/directory/match", console_mapping.show_match),
        web.post("/console/directory/check", console_directory_servers.check_servers),
        web.post("/console/directory/{directory}/sync", console_directory.ask_sync),
        web.post("/console/directory/{directory}/confirm", console_directory.confirm_doubt),
        web.get("/console/locks", console_locks.show_locks),
        web.post("/console/locks/lift", console_locks.lift_locks),
        web.post("/console/locks/block", console_locks.block_address),
        web.get("/console/devices", console_devices.list_devices),
        web.get("/console/devices/enrol", console_devices.show_enrolment),
        web.post("/console/devices/enrol", console_devices.enrol_device),
        web.get("/console/devices/{device_id}", console_devices.show_device),
        web.get("/console/devices/{device_id}/renew", console_devices.ask_renewal),
        web.post("/console/devices/{device_id}/renew", console_devices.renew_device),
        web.get("/console/devices/{device_id}/revoke", console_devices.ask_revocation),
        web.post("/console/devices/{device_id}/revoke", console_devices.revoke_device),
        web.get("/console/policy", console_policy.show_policy),
        web.get("/console/rules", console_rules.show_rules),
        web.post("/console/rules/rehearse", console_rules.rehearse_rules),
        web.post("/console/rules", console_rules.save_rules),
        web.post("/console/rules/back", console_rules.go_back),
        web.get("/console/exceptions", console_exceptions.show_exceptions),
        web.get("/console/exceptions/new", console_exceptions.ask_exception),
        web.post("/console/exceptions", console_exceptions.request_exception),
        web.get("/console/changes/{change_id}", console_exceptions.show_change),
        web.post("/console/changes/{change_id}", console_exceptions.decide_change),
        web.get("/console/mode", console_mode.show_mode),
        web.get("/console/mode/confirm", console_mode.ask_mode),
        web.post("/console/mode", console_mode.set_mode),
        web.get("/console/approvals", console_approvals.show_approvals),
        web.post("/console/approvals", console_approvals.keep_approval),
        web.post("/console/approvals/withdraw", console_approvals.withdraw_approval),
        web.get("/console/flows", console_flows.show_flows),
        web.get("/console/flows.csv", console_flows.export_flows),
        web.get("/console/audit", console_audit.show_audit),
        web.get("/console/audit.csv", console_audit.export_audit),
    ]
