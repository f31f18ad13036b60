"""An operator connects a directory: the check names the step that fails. Against a real OpenLDAP."""

from pathlib import Path
from typing import Any

import pytest

from auth.ldap import LdapAuthenticator
from broker.model.directory_health import CheckFinding, CheckProblem, CheckResult, CheckStep, ServerState
from broker.ports import PasswordAccepted
from broker.secret import Secret
from tests.auth.authenticator_conformance import secret_of
from tests.auth.test_hostile_directory import hostile, say_nothing
from tests.parts.slapd import SUFFIX, Slapd, make_other_ca

pytestmark = pytest.mark.real

QUICK: dict[str, Any] = {"connect_timeout_s": 0.5, "operation_timeout_s": 1.0}


async def check(
    slapd: Slapd, *, password: Secret | None = None, ca: Path | None = None, **changes: object
) -> list[CheckFinding]:
    settings = slapd.settings(**changes)
    authenticator = LdapAuthenticator(settings, password or slapd.service_password, ca or slapd.ca_file)
    try:
        return await authenticator.check()
    finally:
        authenticator.close()


def first_problem(findings: list[CheckFinding]) -> tuple[CheckStep, CheckResult, CheckProblem | None]:
    found = next(each for each in findings if each.result is not CheckResult.OK)
    return found.step, found.result, found.problem


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
async def test_all_is_well_and_the_operator_sees_by_what(slapd: Slapd, scheme: str) -> None:
    port = slapd.port if scheme == "ldap" else slapd.tls_port
    findings = await check(slapd, url=f"{scheme}://localhost:{port}")
    assert [(found.step, found.result) for found in findings] == [(step, CheckResult.OK) for step in CheckStep]
    told = {found.step: found.detail for found in findings}
    assert told[CheckStep.CERTIFICATE][:2] == "20"
    assert told[CheckStep.BIND] == f"cn=sekisho,{SUFFIX}"
    assert len(told[CheckStep.PEOPLE].split(", ")) == 3
    assert "telework" in told[CheckStep.GROUPS]


@pytest.mark.parametrize(
    "changes, step, problem",
    [
        ({"url": "ldap://127.0.0.1:9"}, CheckStep.CONNECT, CheckProblem.REFUSED),
        ({"url": "ldap://directory.invalid"}, CheckStep.CONNECT, CheckProblem.NAME_UNKNOWN),
        ({"user_base": f"ou=nowhere,{SUFFIX}"}, CheckStep.PEOPLE, CheckProblem.BASE_MISSING),
        ({"user_base": f"ou=groups,{SUFFIX}"}, CheckStep.PEOPLE, CheckProblem.NOBODY_FOUND),
        ({"group_base": f"ou=nowhere,{SUFFIX}"}, CheckStep.GROUPS, CheckProblem.BASE_MISSING),
        ({"bind_dn": f"cn=nobody,{SUFFIX}"}, CheckStep.BIND, CheckProblem.SERVICE_REFUSED),
    ],
)
async def test_what_is_wrong_in_the_settings_is_named(
    slapd: Slapd, changes: dict[str, Any], step: CheckStep, problem: CheckProblem
) -> None:
    assert first_problem(await check(slapd, **QUICK, **changes)) == (step, CheckResult.FAILED, problem)


async def test_an_attribute_that_nobody_has_is_warned_of(slapd: Slapd) -> None:
    findings = await check(slapd, department_attribute="departmentNumber")
    assert first_problem(findings) == (CheckStep.PEOPLE, CheckResult.WARNING, CheckProblem.ATTRIBUTE_MISSING)


async def test_a_certificate_of_another_ca_or_for_another_name_is_told_apart(slapd: Slapd, tmp_path: Path) -> None:
    for url in (f"ldap://localhost:{slapd.port}", f"ldaps://localhost:{slapd.tls_port}"):
        findings = await check(slapd, ca=make_other_ca(tmp_path / url[:5]), url=url)
        assert first_problem(findings) == (CheckStep.CERTIFICATE, CheckResult.FAILED, CheckProblem.OTHER_AUTHORITY)
        # What comes behind was not tried.
        assert [found.result for found in findings[2:]] == [CheckResult.SKIPPED] * 4
    findings = await check(slapd, url=f"ldap://127.0.0.2:{slapd.port}")
    assert first_problem(findings) == (CheckStep.CERTIFICATE, CheckResult.FAILED, CheckProblem.OTHER_NAME)


async def test_the_wrong_port_and_a_silent_server_are_told_apart(slapd: Slapd) -> None:
    for url in (f"ldap://localhost:{slapd.tls_port}", f"ldaps://localhost:{slapd.port}"):
        findings = await check(slapd, url=url, **QUICK)
        assert first_problem(findings)[2] is CheckProblem.TLS_REFUSED
    async with hostile(say_nothing) as silent:
        findings = await check(slapd, url=f"ldap://127.0.0.1:{silent.port}", **QUICK)
        assert first_problem(findings) == (CheckStep.CONNECT, CheckResult.FAILED, CheckProblem.SILENT)


async def test_each_server_is_tried_by_itself_and_its_state_is_known_from_then_on(slapd: Slapd) -> None:
    settings = slapd.settings(further_urls=["ldap://127.0.0.1:9"])
    authenticator = LdapAuthenticator(settings, slapd.service_password, slapd.ca_file)
    try:
        assert [server.state for server in authenticator.health()] == [ServerState.UNASKED] * 2
        assert isinstance(await authenticator.verify("yamada", secret_of("yamada")), PasswordAccepted)
        first, second = authenticator.health()
        assert (first.state, first.requests, first.faults, first.recent) == (ServerState.UP, 1, 0, 1)
        assert first.median_ms is not None
        assert first.median_ms == first.p99_ms
        assert second.state is ServerState.UNASKED
        findings = await authenticator.check()
        assert {found.server for found in findings} == {f"localhost:{slapd.port}", "127.0.0.1:9"}
        # The check says itself what is wrong; the states are what sign-ins met.
        assert [server.state for server in authenticator.health()] == [ServerState.UP, ServerState.UNASKED]
        assert (first.busy_threads, first.max_threads) == (0, settings.max_threads)
    finally:
        authenticator.close()


async def test_a_lock_that_nobody_tells_of_is_a_warning(slapd: Slapd) -> None:
    told = {found.step: found for found in await check(slapd)}[CheckStep.LOCKOUT]
    assert (told.result, told.detail) == (CheckResult.OK, "locks after 6; from here at most 5, by strangers 3")
    hidden: dict[str, Any] = {"user_base": "ou=people,dc=nowhere"}
    for assumed, problem in ((0, CheckProblem.LOCKOUT_UNKNOWN), (3, CheckProblem.LOCKOUT_LOW)):
        findings = await check(slapd, **hidden, assumed_lockout_threshold=assumed)
        warned = {found.step: found for found in findings}[CheckStep.LOCKOUT]
        assert (warned.result, warned.problem) == (CheckResult.WARNING, problem)
