"""Passkeys and security keys (パスキー, Web Authentication Level 2): what is kept of them, and for whom they count."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from broker.model.ids import TenantId, UserId
from broker.model.kinds import Role


class ChallengePurpose(StrEnum):
    """What an answer to a challenge is good for; for nothing else."""

    SIGN_IN = "sign_in"
    ENROL = "enrol"
    STEP_UP = "step_up"
    ADD = "add"


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a person. It counts under the name ``rp_id`` alone, as in the browser. ``public_key`` is a COSE key
    (RFC 9052), ``sign_count`` the authenticator's counter at the last use, 0 where it has none."""

    tenant_id: TenantId
    id: str
    user_id: UserId
    rp_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


class PasskeyChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """A random number that one answer has to sign. ``bound_to`` is the hash of the cookie of the sign-in in progress,
    or of the session, that asked for it."""

    challenge_hash: bytes
    tenant_id: TenantId
    bound_to: bytes
    purpose: ChallengePurpose
    expires_at: datetime


class FactorNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The last change of a person's factors, for the person to see on the portal. ``what`` is the audit's event."""

    tenant_id: TenantId
    user_id: UserId
    what: str
    name: str
    at: datetime
    address: str


class RelyingParty(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a key signs: a name of the tenant (``id``), and the exact origins of its pages.

    ``aaguids``: models of authenticators that may be enrolled; empty: every model.
    """

    id: str
    name: str
    origins: frozenset[str]
    must_verify_user: bool = True
    aaguids: frozenset[str] = frozenset()


class PasskeyRules(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's rules. ``origins`` are those of each of its host names, from the settings and never from a request.

    ``rp_id``: one name for all host names that end in it; empty: each host name has keys of its own.
    """

    name: str
    origins: Mapping[str, frozenset[str]]
    rp_id: str = ""
    must_verify_user: bool = True
    aaguids: frozenset[str] = frozenset()
    required_roles: frozenset[Role] = frozenset()

    def party_at(self, hostname: str) -> RelyingParty | None:
        """For whom keys sign at one of the tenant's host names; None for any other name."""
        if hostname not in self.origins:
            return None
        hosts = self.origins if self.rp_id else {hostname: self.origins[hostname]}
        return RelyingParty(
            id=self.rp_id or hostname,
            name=self.name,
            origins=frozenset(origin for origins in hosts.values() for origin in origins),
            must_verify_user=self.must_verify_user,
            aaguids=self.aaguids,
        )


def withheld_roles(roles: frozenset[Role], factor: str, required: frozenset[Role]) -> frozenset[Role]:
    """Roles that a session does not carry, because it has not shown the passkey that they ask for."""
    return frozenset() if factor == "passkey" else roles & required
