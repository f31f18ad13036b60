"""Challenges and the answers to them: each challenge is good for one answer, to the one who asked, for one purpose."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from broker.model.ids import TenantId, new_id
from broker.model.kinds import Role
from broker.model.passkeys import (
    ChallengePurpose,
    Passkey,
    PasskeyChallenge,
    PasskeyRules,
    RelyingParty,
)
from broker.model.reasons import SigninRefusal
from broker.model.records import User
from broker.ports import PasskeyHolder, PasskeyMade, PasskeyRejected, PasskeyShown, PasskeyVerifier, Transaction
from broker.secret import hash_token

CHALLENGE_S: Final = 300
_CHALLENGE_BYTES: Final = 32


class Ceremony(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a key, and for what. ``bound_to`` is the hash of a cookie: that of a sign-in or of a session."""

    tenant_id: TenantId
    party: RelyingParty
    bound_to: bytes
    purpose: ChallengePurpose


class PasskeyProven(msgspec.Struct, frozen=True):
    """A key of the person signed. It counts once :meth:`Ceremonies.use` has stored its counter."""

    passkey: Passkey
    sign_count: int


class Ceremonies:
    """Inside the caller's transaction. ``rules`` names the tenants that have passkeys; the others have none."""

    def __init__(self, verifier: PasskeyVerifier, rules: Mapping[TenantId, PasskeyRules]) -> None:
        self._verifier = verifier
        self._rules = rules

    def required_roles(self, tenant_id: TenantId) -> frozenset[Role]:
        """Roles that count only in sessions that have shown a passkey."""
        rules = self._rules.get(tenant_id)
        return rules.required_roles if rules else frozenset()

    def begin(self, tenant_id: TenantId, hostname: str, bound_to: bytes, purpose: ChallengePurpose) -> Ceremony | None:
        """None: the tenant has no passkeys under this name."""
        rules = self._rules.get(tenant_id)
        party = rules.party_at(hostname) if rules else None
        if party is None:
            return None
        return Ceremony(tenant_id=tenant_id, party=party, bound_to=bound_to, purpose=purpose)

    async def ask_key(self, tx: Transaction, ceremony: Ceremony) -> Mapping[str, object]:
        """What the browser asks its authenticators: the same for everybody but for the challenge."""
        return self._verifier.request_options(ceremony.party, await self._new_challenge(tx, ceremony))

    async def ask_new(self, tx: Transaction, ceremony: Ceremony, user: User) -> Mapping[str, object]:
        """What the browser asks an authenticator to make."""
        known = await tx.factors.list_passkeys(user.tenant_id, user.id)
        holder = PasskeyHolder(handle=user.id.encode(), login=user.login, display_name=user.display_name)
        challenge = await self._new_challenge(tx, ceremony)
        ids = [passkey.credential_id for passkey in known if passkey.rp_id == ceremony.party.id]
        return self._verifier.creation_options(ceremony.party, challenge, holder, ids)

    async def check_key(
        self, tx: Transaction, ceremony: Ceremony, user: User | None, answer: str
    ) -> PasskeyProven | PasskeyRejected:
        """Whether a key of this person signed this challenge. The challenge is used up, whatever comes of it."""
        told = self._verifier.read(answer)
        if told is None:
            return PasskeyRejected(SigninRefusal.PASSKEY_MALFORMED)
        if not await self._take(tx, ceremony, told.challenge):
            return PasskeyRejected(SigninRefusal.PASSKEY_CHALLENGE)
        passkey = await tx.factors.find_passkey(ceremony.tenant_id, told.credential_id)
        if passkey is None or user is None or passkey.user_id != user.id:
            return PasskeyRejected(SigninRefusal.PASSKEY_UNKNOWN)
        match self._verifier.verify_shown(ceremony.party, told.challenge, passkey, answer):
            case PasskeyShown(sign_count):
                return PasskeyProven(passkey, sign_count)
            case PasskeyRejected() as rejected:
                return rejected

    async def use(self, tx: Transaction, proven: PasskeyProven) -> bool:
        """Compare-and-swap on the counter: a signature counts once, on whichever node."""
        return await tx.factors.mark_passkey_used(proven.passkey, proven.sign_count)

    async def check_new(
        self, tx: Transaction, ceremony: Ceremony, user: User, answer: str, *, name: str
    ) -> Passkey | PasskeyRejected:
        """The key that was made for this challenge, ready to be stored."""
        told = self._verifier.read(answer)
        if told is None:
            return PasskeyRejected(SigninRefusal.PASSKEY_MALFORMED)
        if not await self._take(tx, ceremony, told.challenge):
            return PasskeyRejected(SigninRefusal.PASSKEY_CHALLENGE)
        match self._verifier.verify_new(ceremony.party, told.challenge, answer):
            case PasskeyMade() as made:
                return _passkey_of(user, ceremony.party, made, name, tx)
            case PasskeyRejected() as rejected:
                return rejected

    async def _new_challenge(self, tx: Transaction, ceremony: Ceremony) -> bytes:
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        await tx.factors.put_challenge(
            PasskeyChallenge(
                challenge_hash=_hash(challenge),
                tenant_id=ceremony.tenant_id,
                bound_to=ceremony.bound_to,
                purpose=ceremony.purpose,
                expires_at=tx.now + timedelta(seconds=CHALLENGE_S),
            )
        )
        return challenge

    async def _take(self, tx: Transaction, ceremony: Ceremony, challenge: bytes) -> bool:
        return await tx.factors.take_challenge(_hash(challenge), ceremony.bound_to, ceremony.purpose)


def _hash(challenge: bytes) -> bytes:
    return hash_token(challenge.hex())


def _passkey_of(user: User, party: RelyingParty, made: PasskeyMade, name: str, tx: Transaction) -> Passkey:
    return Passkey(
        tenant_id=user.tenant_id,
        id=new_id(),
        user_id=user.id,
        rp_id=party.id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        aaguid=made.aaguid,
        name=name,
        created_at=tx.now,
    )
