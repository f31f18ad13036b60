"""What each role may do in the console."""

import itertools

import pytest

from broker.model.kinds import Role
from broker.policy.administration import Action, NotAllowed, may_enter_console, refuse_action

POOLS = {Action.SEE_POOLS, Action.CHANGE_POOLS, Action.SEE_SESSIONS, Action.TERMINATE_SESSION}
SEEING = {
    Action.SEE_FLOWS,
    Action.SEE_POOLS,
    Action.SEE_SESSIONS,
    Action.SEE_PEOPLE,
    Action.SEE_AUDIT,
    Action.SEE_POLICY,
    Action.SEE_DEVICES,
    Action.SEE_DIRECTORY,
}
EXPECTED = {
    Role.SYSTEM_ADMIN: set(Action),
    Role.TENANT_ADMIN: set(Action) - {Action.KEEP_KEYS},
    Role.POOL_ADMIN: POOLS,
    Role.AUDITOR: SEEING,
}


@pytest.mark.parametrize("action", Action)
def test_every_combination_of_roles(action: Action) -> None:
    for count in range(len(Role) + 1):
        for roles in itertools.combinations(Role, count):
            allowed = any(action in EXPECTED[role] for role in roles)
            expected = None if allowed else NotAllowed(action)
            assert refuse_action(frozenset(roles), action) == expected


def test_an_auditor_changes_nothing() -> None:
    changing = {Action.CHANGE_POOLS, Action.TERMINATE_SESSION, Action.CHANGE_PEOPLE, Action.CHANGE_POLICY}
    assert all(refuse_action(frozenset({Role.AUDITOR}), action) is not None for action in changing)


def test_a_staff_member_does_not_see_the_console() -> None:
    assert not may_enter_console(frozenset())
    assert all(may_enter_console(frozenset({role})) for role in Role)
