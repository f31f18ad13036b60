"""Passwords checked by an LDAP directory (RFC 4511, RFC 4513) over StartTLS or LDAPS, on one server or several."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from auth.ldap_change import change_password
from auth.ldap_check import check_server
from auth.ldap_failover import Servers
from auth.ldap_lookup import Outcome, check_password, locate, make_plans, review
from auth.ldap_match import find_matching
from auth.ldap_policy import read_lockout, read_policy
from auth.ldap_server import TOO_MANY, LdapServer
from auth.ldap_turns import Once
from broker.directory_settings import LdapSettings
from broker.model.directory_health import CheckFinding, CheckProblem, CheckResult, CheckStep, ServerHealth
from broker.model.mapping import MappingRule, Matched
from broker.model.passwords import LockoutPolicy, NewPasswordFault, PasswordPolicy
from broker.model.reasons import SigninRefusal
from broker.ports import (
    ChangeAnswer,
    DirectoryUnavailable,
    NewPasswordRefused,
    OldPasswordRefused,
    PasswordAccepted,
    PasswordRejected,
    Standing,
)
from broker.secret import Secret
from broker.signin.inputs import refuse_login, refuse_password

_REVIEWED_AT_ONCE: Final = 50


class LdapAuthenticator:
    """A :class:`broker.ports.Authenticator` and :class:`broker.ports.DirectoryReader` on one directory.

    Raises :class:`ConfigurationError` when made. However its servers behave, an answer comes within
    ``connect_timeout_s + operation_timeout_s`` (:class:`auth.ldap_failover.Servers`).
    """

    def __init__(self, settings: LdapSettings, bind_password: Secret, ca_path: Path) -> None:
        self.id = settings.id
        self.can_change = settings.password_change
        self._servers = Servers(
            [LdapServer(plan) for plan in make_plans(settings, bind_password, ca_path)],
            deadline_s=settings.connect_timeout_s + settings.operation_timeout_s,
            failover_s=settings.failover_s,
        )

    async def verify(self, login: str, password: Secret, *, is_known: bool = False) -> Outcome:
        """Find the person, then bind as them with the password on a connection of its own."""
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        once = Once()
        outcome: Outcome = await self._servers.ask(
            lambda talk: check_password(talk, login, password, once, is_known=is_known), once
        )
        if isinstance(outcome, PasswordAccepted) and outcome.must_change and not self.can_change:
            return PasswordRejected(SigninRefusal.PASSWORD_EXPIRED)
        return outcome

    async def locate(self, login: str) -> str | DirectoryUnavailable | None:
        """Whether there is such a person: the login as the directory has it, None for nobody."""
        if refuse_login(login):
            return None
        return await self._servers.ask(partial(locate, login=login))

    async def look_up(self, logins: Sequence[str]) -> Mapping[str, Standing] | DirectoryUnavailable:
        """A :class:`broker.ports.DirectoryReader`. What one server said is answered whole or not at all."""
        found: dict[str, Standing] = {}
        for start in range(0, len(logins), _REVIEWED_AT_ONCE):
            some = logins[start : start + _REVIEWED_AT_ONCE]
            answer = await self._servers.ask(partial(review, logins=some))
            if isinstance(answer, DirectoryUnavailable):
                return answer
            found |= answer
        return found

    async def change_password(self, login: str, old: Secret, new: Secret) -> ChangeAnswer:
        """A :class:`broker.ports.PasswordChanger`. One server alone ever gets the passwords."""
        if not self.can_change:
            return NewPasswordRefused(NewPasswordFault.NOT_ALLOWED)
        if refusal := refuse_login(login) or refuse_password(old) or refuse_password(new):
            return OldPasswordRefused(refusal)
        once = Once()
        return await self._servers.ask(lambda talk: change_password(talk, login, old, new, once), once)

    async def read_policy(self, login: str) -> PasswordPolicy | DirectoryUnavailable:
        return await self._servers.ask(lambda talk: read_policy(talk.bind_service(), login, talk.plan.settings.kind))

    async def read_lockout(self) -> LockoutPolicy | DirectoryUnavailable:
        """A :class:`broker.ports.LockoutReader`."""
        return await self._servers.ask(lambda talk: read_lockout(talk.bind_service(), talk.plan.settings.kind))

    async def find_people(self, rule: MappingRule) -> Matched | DirectoryUnavailable:
        """Who meets a rule, as far as one search tells."""
        return await self._servers.ask(partial(find_matching, rule=rule))

    async def check(self) -> list[CheckFinding]:
        """Every server by itself, whatever state it is in."""
        asked = await self._servers.ask_each(check_server)
        return [finding for server, answer in asked for finding in _findings(self.id, server, answer)]

    def health(self) -> list[ServerHealth]:
        return self._servers.health()

    def close(self) -> None:
        self._servers.close()


def _findings(directory: str, server: str, answer: list[CheckFinding] | DirectoryUnavailable) -> list[CheckFinding]:
    """A server that did not let the check come to its end, as a finding of its own."""
    if not isinstance(answer, DirectoryUnavailable):
        return answer
    problem = CheckProblem.BUSY if answer.detail == TOO_MANY else CheckProblem.SILENT
    return [
        CheckFinding(
            directory=directory,
            server=server,
            step=CheckStep.CONNECT,
            result=CheckResult.FAILED,
            problem=problem,
            detail=answer.detail,
        )
    ]
