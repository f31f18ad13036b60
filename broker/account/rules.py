"""Who may make and change which local account, and what an order has to look like. Pure."""

import secrets
from datetime import datetime
from typing import Final

from broker.account.records import AccountOrder, AccountRefusal
from broker.model.actor import Actor
from broker.model.kinds import Role
from broker.model.text import clean_reason, is_unseen
from broker.secret import Secret
from broker.signin.inputs import refuse_login

MAX_NAME: Final = 100
MAX_GROUPS: Final = 100
MAX_EMERGENCY_HOURS: Final = 72
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS_OF: Final = (5, 5, 5, 5)
_ABOVE: Final = {
    Role.SYSTEM_ADMIN: frozenset(Role),
    Role.TENANT_ADMIN: frozenset(Role) - {Role.SYSTEM_ADMIN},
}
"""Which roles somebody with a role may give. Who is not named gives none."""


def refuse_order(actor: Actor, order: AccountOrder, *, now: datetime) -> AccountRefusal | None:
    """Why an account can't be made so, before anybody is asked about the login."""
    if order.login != order.login.strip() or any(sign.isspace() for sign in order.login) or refuse_login(order.login):
        return AccountRefusal.LOGIN_INVALID
    if not _is_name(order.display_name) or (order.department and not _is_name(order.department)):
        return AccountRefusal.NAME_INVALID
    if len(order.groups) > MAX_GROUPS or not all(_is_name(group) for group in order.groups):
        return AccountRefusal.GROUPS_INVALID
    if not may_give(actor, order.roles):
        return AccountRefusal.ROLE_ABOVE
    if order.expires_at is not None and order.expires_at <= now:
        return AccountRefusal.EXPIRY_PAST
    return None if clean_reason(order.reason) else AccountRefusal.REASON_MISSING


def may_give(actor: Actor, roles: frozenset[Role]) -> bool:
    """Nobody makes an administrator above themselves."""
    return all(any(wanted in _ABOVE.get(role, frozenset()) for role in actor.roles) for wanted in roles)


def new_password() -> Secret:
    """A one-time password of 99 random bits, without signs that read alike."""
    return Secret("-".join("".join(secrets.choice(_ALPHABET) for _ in range(length)) for length in _GROUPS_OF))


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text == text.strip() and len(text) <= MAX_NAME and not any(map(is_unseen, text))
