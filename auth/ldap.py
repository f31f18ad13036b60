"""Passwords checked by an LDAP directory (RFC 4511, RFC 4513) over StartTLS or LDAPS, on one server or several."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from auth.ldap_failover import Servers
from auth.ldap_lookup import Outcome, check_password, locate, make_plans, review
from auth.ldap_server import LdapServer
from auth.ldap_turns import Once
from broker.ports import DirectoryUnavailable, PasswordRejected, Standing
from broker.secret import Secret
from broker.settings import LdapSettings
from broker.signin.inputs import refuse_login, refuse_password

_REVIEWED_AT_ONCE: Final = 50


class LdapAuthenticator:
    """A :class:`broker.ports.Authenticator` and :class:`broker.ports.DirectoryReader` on one directory.

    Raises :class:`ConfigurationError` when made. However its servers behave, an answer comes within
    ``connect_timeout_s + operation_timeout_s`` (:class:`auth.ldap_failover.Servers`).
    """

    def __init__(self, settings: LdapSettings, bind_password: Secret, ca_path: Path) -> None:
        self.id = settings.id
        self._servers = Servers(
            [LdapServer(plan) for plan in make_plans(settings, bind_password, ca_path)],
            deadline_s=settings.connect_timeout_s + settings.operation_timeout_s,
            failover_s=settings.failover_s,
        )

    async def verify(self, login: str, password: Secret) -> Outcome:
        """Find the person, then bind as them with the password on a connection of its own."""
        if refusal := refuse_login(login) or refuse_password(password):
            return PasswordRejected(refusal)
        once = Once()
        return await self._servers.ask(lambda talk: check_password(talk, login, password, once), once)

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

    def close(self) -> None:
        self._servers.close()
