"""What rules make of people, told once for every kind of directory. A suite gives ``dial``."""

from collections.abc import Callable
from typing import Any

from auth.ldap import LdapAuthenticator
from broker.model.kinds import Role
from broker.model.mapping import MappingRule, Matched
from broker.ports import DirectoryPerson, PasswordAccepted, PersonStands
from tests.auth.authenticator_conformance import secret_of

Dial = Callable[..., LdapAuthenticator]

RULES: list[dict[str, Any]] = [
    {"id": "heads", "attributes": {"title": ["課長", "所長"]}, "is_head": True, "roles": ["pool_admin"]},
    {"id": "resident", "groups": ["telework"], "departments": ["市民課"], "entitlements": ["resident"]},
    {"id": "moved", "departments": ["税務課"], "department": "収納対策室"},
    {"id": "draft", "groups": ["telework"], "roles": ["tenant_admin"], "is_draft": True},
]


async def person_of(authenticator: LdapAuthenticator, login: str) -> DirectoryPerson:
    outcome = await authenticator.verify(login, secret_of(login))
    assert isinstance(outcome, PasswordAccepted)
    found = await authenticator.look_up([login])
    # Who is looked up without their password is the same person.
    assert found == {login: PersonStands(outcome.person)}
    return outcome.person


async def logins_of(authenticator: LdapAuthenticator, **conditions: Any) -> set[str]:
    found = await authenticator.find_people(MappingRule(id="r", is_head=True, **conditions))
    assert isinstance(found, Matched)
    assert found.is_complete
    return {person.login for person in found.people}


class MappingConformance:
    async def test_groups_and_attributes_make_roles_entitlements_department_and_head(self, dial: Dial) -> None:
        kamiya = await person_of(dial(rules=RULES, manager_attribute="manager"), "kamiya")
        assert kamiya.roles == {Role.POOL_ADMIN, Role.AUDITOR}
        assert kamiya.department == "収納対策室"
        assert kamiya.heads == {"収納対策室"}
        # Whose entry is gone, or who has none, is nobody's head.
        assert kamiya.manager == ""
        yamada = await person_of(dial(rules=RULES, manager_attribute="manager"), "yamada")
        assert yamada.groups == {"telework", "所属長", "resident"}
        assert (yamada.roles, yamada.heads, yamada.manager) == (frozenset(), frozenset(), "kamiya")

    async def test_who_would_meet_a_rule_is_found_as_at_a_sign_in(self, dial: Dial) -> None:
        authenticator = dial()
        assert await logins_of(authenticator, attributes={"title": ["課長"]}) == {"kamiya"}
        assert await logins_of(authenticator, groups=["telework"]) == {"yamada"}
        assert await logins_of(authenticator, groups=["所属長"], departments=["税務課"]) == set()
        # Servers compare loosely; a rule does not.
        assert await logins_of(authenticator, departments=["税務課 "]) == set()
        assert await logins_of(authenticator, attributes={"title": ["*"]}) == set()
        assert await logins_of(authenticator, attributes={"title": ["課長)(cn=*"]}) == set()
