"""What a role may do in the console. One table; what it does not name is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.kinds import Role


class Action(StrEnum):
    SEE_POOLS = "see_pools"
    CHANGE_POOLS = "change_pools"
    SEE_SESSIONS = "see_sessions"
    TERMINATE_SESSION = "terminate_session"
    SEE_PEOPLE = "see_people"
    CHANGE_PEOPLE = "change_people"
    SEE_AUDIT = "see_audit"
    SEE_POLICY = "see_policy"
    CHANGE_POLICY = "change_policy"
    SEE_FLOWS = "see_flows"
    SEE_DEVICES = "see_devices"
    CHANGE_DEVICES = "change_devices"
    KEEP_KEYS = "keep_keys"
    """Keys of the whole site."""
    SEE_DIRECTORY = "see_directory"
    CHANGE_DIRECTORY = "change_directory"


class NotAllowed(msgspec.Struct, frozen=True):
    """The actor's roles do not name this action."""

    action: Action


_DESK: Final = frozenset(Action) - {Action.KEEP_KEYS}
_ALLOWED: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.SYSTEM_ADMIN: frozenset(Action),
        Role.TENANT_ADMIN: _DESK,
        Role.POOL_ADMIN: frozenset(
            {Action.SEE_POOLS, Action.CHANGE_POOLS, Action.SEE_SESSIONS, Action.TERMINATE_SESSION}
        ),
        Role.AUDITOR: frozenset(
            {
                Action.SEE_FLOWS,
                Action.SEE_POOLS,
                Action.SEE_SESSIONS,
                Action.SEE_PEOPLE,
                Action.SEE_AUDIT,
                Action.SEE_POLICY,
                Action.SEE_DEVICES,
                Action.SEE_DIRECTORY,
            }
        ),
    }
)


def refuse_action(roles: frozenset[Role], action: Action) -> NotAllowed | None:
    """``None`` when one of the roles names the action."""
    if any(action in _ALLOWED.get(role, frozenset()) for role in roles):
        return None
    return NotAllowed(action)


def may_enter_console(roles: frozenset[Role]) -> bool:
    return any(_ALLOWED.get(role) for role in roles)
