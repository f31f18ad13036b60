"""Lines that a sign-in leaves in the audit: cause and circumstances, never a password, a code or a cookie."""

from collections.abc import Mapping

import msgspec

from broker.model.ids import TenantId, UserId
from broker.model.records import PendingSignin, User, WebSession
from broker.model.throttle import Throttle
from broker.ports import AuditEntry
from broker.signin.visitor import Visitor


def subject_of(user_id: UserId | None, login: str) -> str:
    """Who it is about: a person who is known, or the name that somebody typed."""
    return f"user:{user_id}" if user_id else f"login:{login}"


def password_checked(pending: PendingSignin, outcome: str) -> AuditEntry:
    detail = {"login": pending.login}
    if pending.password_refusal is not None:
        detail["cause"] = pending.password_refusal
    return _entry(pending, "signin.password_checked", outcome, pending.address, detail)


def refused(pending: PendingSignin, cause: str, address: str, more: Mapping[str, str]) -> AuditEntry:
    return _entry(pending, "signin.refused", "refused", address, {"login": pending.login, "cause": cause, **more})


def code_redeemed(pending: PendingSignin, address: str) -> AuditEntry:
    return _entry(pending, "enrolment_code.used", "ok", address, {"login": pending.login})


def change_demanded(pending: PendingSignin, factor: str, address: str) -> AuditEntry:
    return _entry(pending, "password.change_demanded", "ok", address, {"login": pending.login, "factor": factor})


def directory_silent(tenant_id: TenantId, login: str, address: str, detail: str) -> AuditEntry:
    return AuditEntry(
        tenant_id=tenant_id,
        event="signin.password_checked",
        actor=f"login:{login}",
        subject=f"login:{login}",
        outcome="directory_unavailable",
        address=address,
        detail={"login": login, "fault": detail},
    )


def throttled(visitor: Visitor, begun: Throttle) -> AuditEntry:
    """``begun`` has just come to a wait: everything up to its end is refused without a line of its own."""
    detail = {"login": visitor.login, "scope": begun.scope, "attempts": str(begun.failures)}
    detail |= {"entrance": visitor.arrival.entrance}
    if begun.blocked_until is not None:
        detail["until"] = begun.blocked_until.isoformat()
    return AuditEntry(
        tenant_id=visitor.tenant_id,
        event="signin.throttled",
        actor=f"login:{visitor.login}",
        subject=f"throttle:{begun.key}",
        outcome="refused",
        address=visitor.address,
        detail=detail,
    )


def of_person(session: WebSession, event: str, detail: Mapping[str, str]) -> AuditEntry:
    """Something that a person did who signed in as themselves."""
    return AuditEntry(
        tenant_id=session.tenant_id,
        event=event,
        actor=f"user:{session.user_id}",
        subject=f"user:{session.user_id}",
        address=session.address,
        detail=detail,
    )


def of_user(user: User, event: str, address: str, detail: Mapping[str, str], *, outcome: str = "ok") -> AuditEntry:
    """Something that a person did who has proved who they are."""
    return AuditEntry(
        tenant_id=user.tenant_id,
        event=event,
        actor=f"user:{user.id}",
        subject=f"user:{user.id}",
        outcome=outcome,
        address=address,
        detail=detail,
    )


def step_up_refused(session: WebSession, cause: str) -> AuditEntry:
    """Somebody who holds a session could not show its person's second factor."""
    entry = of_person(session, "signin.step_up_refused", {"cause": cause})
    return msgspec.structs.replace(entry, outcome="refused")


def factor_refused(session: WebSession, cause: str) -> AuditEntry:
    """A new factor of a person who is signed in was not taken."""
    entry = of_person(session, "factor.refused", {"cause": cause})
    return msgspec.structs.replace(entry, outcome="refused")


def _entry(pending: PendingSignin, event: str, outcome: str, address: str, detail: Mapping[str, str]) -> AuditEntry:
    return AuditEntry(
        tenant_id=pending.tenant_id,
        event=event,
        # Whoever it is has proved nothing yet: they are the name that they typed.
        actor=f"login:{pending.login}",
        subject=subject_of(pending.user_id, pending.login),
        outcome=outcome,
        address=address,
        detail=detail,
    )
