"""Who may change whom. Pure."""

from broker.model.actor import Actor
from broker.model.kinds import Origin, Role
from broker.model.records import AuditRecord, User
from broker.people.records import PreviousSignin
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
    is_told_of = record.detail.get("user") == person.id or typed.casefold() == person.login.casefold()
    return is_told_of or name in {record.actor, record.subject}


def previous_signin(record: AuditRecord) -> PreviousSignin:
    """A sign-in as its line in the audit tells of it."""
    origin = record.detail.get("origin", "")
    return PreviousSignin(
        at=record.at, origin=Origin(origin) if origin in set(Origin) else None, address=record.address
    )
