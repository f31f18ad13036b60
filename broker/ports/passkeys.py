"""Passkeys: the plugin point that checks what an authenticator signed, and the store's part."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from broker.model.enrolment import TotpEnrolment
from broker.model.ids import TenantId, UserId
from broker.model.passkeys import ChallengePurpose, FactorNotice, Passkey, PasskeyChallenge, RelyingParty
from broker.model.reasons import SigninRefusal
from broker.model.records import WebSession


class PasskeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new key, checked: made for this challenge, this relying party and one of its origins."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str


class PasskeyShown(msgspec.Struct, frozen=True):
    """A key signed. ``sign_count`` is its counter now; the caller stores it by compare-and-swap before it counts."""

    sign_count: int


class PasskeyRejected(msgspec.Struct, frozen=True):
    cause: SigninRefusal


class PasskeyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser says, before anything is checked: which key, and the challenge that it claims to answer."""

    credential_id: bytes
    challenge: bytes


class PasskeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Whose key is made: ``handle`` goes into the authenticator and comes back with each use."""

    handle: bytes
    login: str
    display_name: str


class PasskeyVerifier(Protocol):
    """Web Authentication Level 2, the relying party's part. Pure: it neither stores nor remembers.

    ``answer`` is untrusted text from a browser, everywhere.
    """

    def creation_options(
        self, party: RelyingParty, challenge: bytes, holder: PasskeyHolder, known: Sequence[bytes]
    ) -> Mapping[str, object]:
        """For ``navigator.credentials.create``, as JSON. ``known`` keys are not made again."""
        ...

    def request_options(self, party: RelyingParty, challenge: bytes) -> Mapping[str, object]:
        """For ``navigator.credentials.get``, as JSON: the same for everybody but for the challenge."""
        ...

    def read(self, answer: str) -> PasskeyAnswer | None: ...
    def verify_new(self, party: RelyingParty, challenge: bytes, answer: str) -> PasskeyMade | PasskeyRejected: ...
    def verify_shown(
        self, party: RelyingParty, challenge: bytes, passkey: Passkey, answer: str
    ) -> PasskeyShown | PasskeyRejected: ...


class FactorTx(Protocol):
    """A person's factors inside one transaction: passkeys with their challenges, a new app, new codes, the notice."""

    async def hold_factors(self, tenant_id: TenantId, user_id: UserId) -> None:
        """Wait until nobody else changes this person's factors, and be the only one until the end."""
        ...

    async def put_challenge(self, challenge: PasskeyChallenge) -> None:
        """Keep it in place of what was bound to the same before."""
        ...

    async def take_challenge(self, challenge_hash: bytes, bound_to: bytes, purpose: ChallengePurpose) -> bool:
        """Use it up; True for exactly one caller, before it expires, with what it was made for."""
        ...

    async def add_passkey(self, passkey: Passkey) -> bool:
        """False when a key with this credential id is there already, whoever's it is."""
        ...

    async def find_passkey(self, tenant_id: TenantId, credential_id: bytes) -> Passkey | None: ...
    async def list_passkeys(self, tenant_id: TenantId, user_id: UserId) -> list[Passkey]:
        """The oldest first."""
        ...

    async def mark_passkey_used(self, passkey: Passkey, sign_count: int) -> bool:
        """Compare-and-swap: False when the counter is no longer that of ``passkey``, or the key was removed."""
        ...

    async def rename_passkey(self, passkey: Passkey, name: str) -> bool: ...
    async def remove_passkey(self, tenant_id: TenantId, user_id: UserId, passkey_id: str) -> bool:
        """True for exactly one caller."""
        ...

    async def replace_app(self, enrolment: TotpEnrolment, *, before: TotpEnrolment | None) -> bool:
        """Compare-and-swap: the new authenticator app instead of ``before``."""
        ...

    async def remove_app(self, tenant_id: TenantId, user_id: UserId) -> bool: ...
    async def replace_recovery_codes(self, tenant_id: TenantId, user_id: UserId, hashes: Sequence[bytes]) -> None:
        """The old ones count no more, used or not."""
        ...

    async def remove_other_web_sessions(self, session: WebSession) -> int:
        """End every other signed-in browser of the same person; how many there were."""
        ...

    async def put_notice(self, notice: FactorNotice) -> None: ...
    async def get_notice(self, tenant_id: TenantId, user_id: UserId) -> FactorNotice | None: ...
