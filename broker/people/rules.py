"""Who may change whom. Pure."""

from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.records import AuditRecord, User
from broker.policy.administration import Action, NotAllowed, refuse_action


def refuse_change(actor: Actor, person: User) -> NotAllowed | None:
    """Nobody changes themselves, and a system administrator is changed by one of their own alone: a stolen
    console session must not turn into another factor."""
    if refusal := refuse_action(actor.roles, Action.CHANGE_PEOPLE):
        return refusal
    is_self = actor.name == f"user:{person.id}"
    is_above = Role.SYSTEM_ADMIN in person.roles and Role.SYSTEM_ADMIN not in actor.roles
    if actor.tenant_id != person.tenant_id or is_self or is_above:
        return NotAllowed(Action.CHANGE_PEOPLE)
    return None


def is_about(record: AuditRecord, person: User) -> bool:
    """Whether a line of the audit belongs on a person's page."""
    name = f"user:{person.id}"
    typed = record.detail.get("login", "")
    return name in {record.actor, record.subject} or typed.casefold() == person.login.casefold()
