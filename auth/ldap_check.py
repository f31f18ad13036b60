"""What an operator wants to know of one server: does each step of a sign-in work, and if not, which and why."""

import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from ldap3.core.exceptions import LDAPException

from auth.ldap_connection import Answer, Entry, Line
from auth.ldap_lockout import limit_of
from auth.ldap_lookup import Conversation
from auth.ldap_people import SUCCESS, PeopleSearch
from auth.ldap_policy import read_lockout
from broker.directory_settings import LdapSettings
from broker.model.directory_health import CheckFinding, CheckProblem, CheckResult, CheckStep

_SAMPLE: Final = 20
_FEW_TRIES: Final = 4
"""With fewer tries than these an honest mistake may keep somebody waiting."""
_NO_SUCH_OBJECT: Final = 32
_SIZE_LIMIT: Final = 4
_SOON: Final = timedelta(days=30)
_OF_TLS: Final = frozenset(
    {
        CheckProblem.TLS_REFUSED,
        CheckProblem.OTHER_AUTHORITY,
        CheckProblem.OTHER_NAME,
        CheckProblem.CERTIFICATE_EXPIRED,
    }
)
_WORDS: Final = (
    ("timed out", CheckProblem.SILENT),
    ("hostname mismatch", CheckProblem.OTHER_NAME),
    ("ip address mismatch", CheckProblem.OTHER_NAME),
    ("certificate has expired", CheckProblem.CERTIFICATE_EXPIRED),
    ("certificate verify failed", CheckProblem.OTHER_AUTHORITY),
    ("session terminated", CheckProblem.TLS_REFUSED),
    ("ssl", CheckProblem.TLS_REFUSED),
    ("tls", CheckProblem.TLS_REFUSED),
    ("refused", CheckProblem.REFUSED),
)


class _Found(msgspec.Struct, frozen=True):
    """Of one step."""

    step: CheckStep
    result: CheckResult = CheckResult.OK
    problem: CheckProblem | None = None
    detail: str = ""


def check_server(talk: Conversation) -> list[CheckFinding]:
    """Each step once; what can't be tried because an earlier one failed is told as skipped."""
    plan = talk.plan
    server = f"{plan.address.host}:{plan.address.port}"
    found = list(_try_steps(talk))
    tried = {each.step for each in found}
    skipped = [
        _Found(step, CheckResult.SKIPPED) for step in CheckStep if step not in tried and _is_wanted(step, plan.settings)
    ]
    return [
        CheckFinding(
            directory=plan.settings.id,
            server=server,
            step=each.step,
            result=each.result,
            problem=each.problem,
            detail=each.detail,
        )
        for each in (*found, *skipped)
    ]


def explain_fault(error: OSError | LDAPException) -> CheckProblem:
    """Why a line did not come about. ldap3 keeps only the words of most faults."""
    if isinstance(error, socket.gaierror):
        return CheckProblem.NAME_UNKNOWN
    words = str(error).lower()
    return next((problem for word, problem in _WORDS if word in words), CheckProblem.OTHER)


def _try_steps(talk: Conversation) -> Iterator[_Found]:
    plan = talk.plan
    line = talk.new_line()
    try:
        line.connect(plan.settings.bind_dn, plan.bind_password)
    except (OSError, LDAPException) as error:
        problem = explain_fault(error)
        is_tls = problem in _OF_TLS
        if is_tls:
            yield _Found(CheckStep.CONNECT)
        step = CheckStep.CERTIFICATE if is_tls else CheckStep.CONNECT
        yield _Found(step, CheckResult.FAILED, problem, str(error))
        return
    yield _Found(CheckStep.CONNECT)
    yield _check_certificate(line, datetime.now(UTC))
    bound = line.send_bind()
    if bound.code != SUCCESS:
        yield _Found(CheckStep.BIND, CheckResult.FAILED, CheckProblem.SERVICE_REFUSED, bound.detail)
        return
    yield _Found(CheckStep.BIND, detail=plan.settings.bind_dn)
    yield _check_people(line, plan.settings)
    if plan.settings.group_base:
        yield _check_groups(line, plan.settings)
    yield _check_lockout(line, plan.settings)


def _is_wanted(step: CheckStep, settings: LdapSettings) -> bool:
    return step is not CheckStep.GROUPS or bool(settings.group_base)


def _check_certificate(line: Line, now: datetime) -> _Found:
    ends_at = line.certificate_ends_at()
    detail = ends_at.date().isoformat()
    if ends_at - now < _SOON:
        return _Found(CheckStep.CERTIFICATE, CheckResult.WARNING, CheckProblem.CERTIFICATE_ENDS_SOON, detail)
    return _Found(CheckStep.CERTIFICATE, detail=detail)


def _check_people(line: Line, settings: LdapSettings) -> _Found:
    wanted = (settings.login_attribute, settings.name_attribute, settings.department_attribute)
    answer, people = line.search(settings.user_base, f"({settings.login_attribute}=*)", wanted, limit=_SAMPLE)
    if problem := _explain_search(answer):
        return _Found(CheckStep.PEOPLE, CheckResult.FAILED, problem, answer.detail)
    if not people:
        return _Found(CheckStep.PEOPLE, CheckResult.FAILED, CheckProblem.NOBODY_FOUND, settings.user_base)
    missing = _missing_attributes(people, wanted)
    if missing:
        detail = ", ".join(missing)
        return _Found(CheckStep.PEOPLE, CheckResult.WARNING, CheckProblem.ATTRIBUTE_MISSING, detail)
    names = ", ".join(entry.first(settings.login_attribute) or "" for entry in people[:3])
    return _Found(CheckStep.PEOPLE, detail=names)


def _missing_attributes(people: Sequence[Entry], wanted: Sequence[str]) -> list[str]:
    """Those that nobody of the sample has."""
    return [name for name in wanted if all(entry.first(name) is None for entry in people)]


def _check_groups(line: Line, settings: LdapSettings) -> _Found:
    answer, groups = line.search(
        settings.group_base, "(|(member=*)(uniqueMember=*)(memberUid=*))", ("cn",), limit=_SAMPLE
    )
    if problem := _explain_search(answer):
        return _Found(CheckStep.GROUPS, CheckResult.FAILED, problem, answer.detail)
    if not groups:
        return _Found(CheckStep.GROUPS, CheckResult.WARNING, CheckProblem.NOBODY_FOUND, settings.group_base)
    return _Found(CheckStep.GROUPS, detail=", ".join(group.first("cn") or "" for group in groups[:3]))


def _check_lockout(line: Line, settings: LdapSettings) -> _Found:
    policy = read_lockout(PeopleSearch(settings, line), settings.kind)
    if policy.threshold is None and not settings.assumed_lockout_threshold:
        return _Found(CheckStep.LOCKOUT, CheckResult.WARNING, CheckProblem.LOCKOUT_UNKNOWN)
    known = limit_of(policy, settings.assumed_lockout_threshold, is_known=True)
    strangers = limit_of(policy, settings.assumed_lockout_threshold, is_known=False)
    if known is None:
        return _Found(CheckStep.LOCKOUT, detail="never locks")
    detail = f"locks after {known + 1}; from here at most {known}, by strangers {strangers}"
    if known < _FEW_TRIES:
        return _Found(CheckStep.LOCKOUT, CheckResult.WARNING, CheckProblem.LOCKOUT_LOW, detail)
    return _Found(CheckStep.LOCKOUT, detail=detail)


def _explain_search(answer: Answer) -> CheckProblem | None:
    if answer.code in {SUCCESS, _SIZE_LIMIT}:
        return None
    return CheckProblem.BASE_MISSING if answer.code == _NO_SUCH_OBJECT else CheckProblem.NOT_READABLE
