"""Passkeys and security keys (W3C Web Authentication Level 2), checked by Yubico's fido2 library.

Keys are discoverable and no list of them goes out, so that the question at the door is the same for everybody
(section 14.6.2 of the specification names the leak that such a list is).
"""

import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2 import cbor
from fido2.attestation.base import Attestation, InvalidAttestation, NoneAttestation
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
)

from broker.model.passkeys import Passkey, RelyingParty
from broker.model.reasons import SigninRefusal
from broker.ports import PasskeyAnswer, PasskeyHolder, PasskeyMade, PasskeyRejected, PasskeyShown

MAX_ANSWER_CHARS: Final = 32_768
_MAX_CREDENTIAL_ID: Final = 1023
_TIMEOUT_MS: Final = 300_000
"""How long the browser waits for the person's hand; the challenge itself expires before."""
_ALGORITHMS: Final = (-7, -8, -35, -36, -37, -257)
"""ES256, EdDSA, ES384, ES512, PS256, RS256 (COSE, RFC 9053)."""

_UNREADABLE: Final = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    UnsupportedAlgorithm,
    msgspec.DecodeError,
    struct.error,
)
"""What the library's parsers raise over bytes that somebody made up."""


class _Response(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    client_data: str = msgspec.field(name="clientDataJSON")
    attestation_object: str = ""
    authenticator_data: str = ""
    signature: str = ""
    user_handle: str | None = None


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``PublicKeyCredential.toJSON()`` of the specification, as far as it is read here."""

    raw_id: str
    type: str
    response: _Response


class WebAuthn:
    """A :class:`broker.ports.PasskeyVerifier`. The library judges; what is looked at before only names the cause."""

    def creation_options(
        self, party: RelyingParty, challenge: bytes, holder: PasskeyHolder, known: Sequence[bytes]
    ) -> Mapping[str, object]:
        return {
            "rp": {"id": party.id, "name": party.name},
            "user": {
                "id": websafe_encode(holder.handle),
                "name": holder.login,
                "displayName": holder.display_name,
            },
            "challenge": websafe_encode(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in _ALGORITHMS],
            "timeout": _TIMEOUT_MS,
            "excludeCredentials": [{"type": "public-key", "id": websafe_encode(one)} for one in known],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": _verification(party),
            },
            "attestation": "direct" if party.aaguids else "none",
        }

    def request_options(self, party: RelyingParty, challenge: bytes) -> Mapping[str, object]:
        return {
            "challenge": websafe_encode(challenge),
            "timeout": _TIMEOUT_MS,
            "rpId": party.id,
            "allowCredentials": [],
            "userVerification": _verification(party),
        }

    def read(self, answer: str) -> PasskeyAnswer | None:
        """Which key it claims to be from, and the challenge that it claims to answer; None for what can't be read."""
        try:
            told = _parse(answer)
            credential_id = websafe_decode(told.raw_id)
            challenge = CollectedClientData(websafe_decode(told.response.client_data)).challenge
        except _UNREADABLE:
            return None
        if not 0 < len(credential_id) <= _MAX_CREDENTIAL_ID or told.type != "public-key":
            return None
        return PasskeyAnswer(credential_id=credential_id, challenge=challenge)

    def verify_new(self, party: RelyingParty, challenge: bytes, answer: str) -> PasskeyMade | PasskeyRejected:
        """Section 7.1 of the specification."""
        try:
            told = _parse(answer)
            client = CollectedClientData(websafe_decode(told.response.client_data))
            made = AttestationObject(websafe_decode(told.response.attestation_object))
            if cause := _name_cause(party, client, made.auth_data):
                return PasskeyRejected(cause)
            server = _server(party)  # whose state has no type
            server.register_complete(_state(party, challenge), _as_registration(told))  # pyright: ignore[reportUnknownMemberType]
            return _made(party, made)
        except InvalidAttestation:
            return PasskeyRejected(SigninRefusal.PASSKEY_MODEL)
        except (*_UNREADABLE, InvalidSignature):
            return PasskeyRejected(SigninRefusal.PASSKEY_MALFORMED)

    def verify_shown(
        self, party: RelyingParty, challenge: bytes, passkey: Passkey, answer: str
    ) -> PasskeyShown | PasskeyRejected:
        """Section 7.2 of the specification."""
        try:
            told = _parse(answer)
            client = CollectedClientData(websafe_decode(told.response.client_data))
            shown = AuthenticatorData(websafe_decode(told.response.authenticator_data))
            if passkey.rp_id != party.id or not _is_of(passkey, told.response.user_handle):
                return PasskeyRejected(SigninRefusal.PASSKEY_UNKNOWN)
            if cause := _name_cause(party, client, shown):
                return PasskeyRejected(cause)
        except _UNREADABLE:
            return PasskeyRejected(SigninRefusal.PASSKEY_MALFORMED)
        try:
            known = [_credential_of(passkey)]
            server = _server(party)  # whose state has no type
            server.authenticate_complete(_state(party, challenge), known, _as_assertion(told))  # pyright: ignore[reportUnknownMemberType]
        except _UNREADABLE:
            return PasskeyRejected(SigninRefusal.PASSKEY_SIGNATURE)
        if (shown.counter or passkey.sign_count) and shown.counter <= passkey.sign_count:
            return PasskeyRejected(SigninRefusal.PASSKEY_COUNTER)
        return PasskeyShown(shown.counter)


def _parse(answer: str) -> _Answer:
    """Raises one of ``_UNREADABLE``."""
    if len(answer) > MAX_ANSWER_CHARS:
        raise ValueError("too long")
    return msgspec.json.decode(answer.encode(), type=_Answer)


def _verification(party: RelyingParty) -> str:
    return "required" if party.must_verify_user else "preferred"


def _name_cause(party: RelyingParty, client: CollectedClientData, shown: AuthenticatorData) -> SigninRefusal | None:
    is_ours = client.origin in party.origins and client.cross_origin is False
    if not is_ours or shown.rp_id_hash != sha256(party.id.encode()).digest():
        return SigninRefusal.PASSKEY_ORIGIN
    if party.must_verify_user and not shown.is_user_verified():
        return SigninRefusal.PASSKEY_USER_UNVERIFIED
    return None


def _server(party: RelyingParty) -> Fido2Server:
    """The library's relying party: origins are compared whole, never by their ending."""
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=party.id, name=party.name),
        attestation=AttestationConveyancePreference.DIRECT if party.aaguids else AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin in party.origins,
        verify_attestation=_check_attestation,
    )


def _check_attestation(made: AttestationObject, client_data_hash: bytes) -> None:
    """The statement has to be there and to fit the key. Whose signature it is, no root is here to tell."""
    verifier = Attestation.for_type(made.fmt)()
    if isinstance(verifier, NoneAttestation):
        raise InvalidAttestation("no attestation, so no model")
    verifier.verify(made.att_stmt, made.auth_data, client_data_hash)


def _state(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(challenge), "user_verification": _verification(party)}


def _as_registration(told: _Answer) -> dict[str, Any]:
    response = {"clientDataJSON": told.response.client_data, "attestationObject": told.response.attestation_object}
    return {"rawId": told.raw_id, "type": told.type, "response": response}


def _as_assertion(told: _Answer) -> dict[str, Any]:
    response = {
        "clientDataJSON": told.response.client_data,
        "authenticatorData": told.response.authenticator_data,
        "signature": told.response.signature,
    }
    return {"rawId": told.raw_id, "type": told.type, "response": response}


def _made(party: RelyingParty, made: AttestationObject) -> PasskeyMade | PasskeyRejected:
    data = made.auth_data.credential_data
    if data is None or not 0 < len(data.credential_id) <= _MAX_CREDENTIAL_ID:
        return PasskeyRejected(SigninRefusal.PASSKEY_MALFORMED)
    if data.public_key.ALGORITHM not in _ALGORITHMS:
        return PasskeyRejected(SigninRefusal.PASSKEY_MALFORMED)
    aaguid = str(data.aaguid)
    if party.aaguids and aaguid not in party.aaguids:
        return PasskeyRejected(SigninRefusal.PASSKEY_MODEL)
    return PasskeyMade(
        credential_id=data.credential_id,
        public_key=cbor.encode(dict(data.public_key)),
        sign_count=made.auth_data.counter,
        aaguid=aaguid,
    )


def _credential_of(passkey: Passkey) -> AttestedCredentialData:
    key = CoseKey.parse(cbor.decode(passkey.public_key))  # type: ignore[arg-type]  # what was stored is a mapping
    return AttestedCredentialData.create(Aaguid.parse(passkey.aaguid), passkey.credential_id, key)


def _is_of(passkey: Passkey, user_handle: str | None) -> bool:
    """A discoverable key names its owner; one that names another is none of theirs."""
    return user_handle is None or websafe_decode(user_handle) == passkey.user_id.encode()
