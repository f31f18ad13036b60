"""A security key in software, with a browser that does as it is told: also on a page of another site."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG
MODEL = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


class SecurityKey:
    """Holds one discoverable credential. ``counter`` None: it does not count, as synced passkeys do not."""

    def __init__(self, origin: str, *, counter: int | None = 0, verifies: bool = True, model: str = MODEL) -> None:
        self.origin = origin
        self.counter = counter
        self.verifies = verifies
        self.model = model
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.user_handle = b""

    def make(self, options: Mapping[str, Any], *, origin: str | None = None, fmt: str = "none") -> str:
        """``navigator.credentials.create``; ``fmt`` ``packed``: a statement that the key signs itself."""
        rp_id = options["rp"]["id"]
        self.user_handle = websafe_decode(options["user"]["id"])
        cose = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]  # the library's
        credential = AttestedCredentialData.create(Aaguid.parse(self.model), self.credential_id, cose)
        data = AuthenticatorData.create(_hash(rp_id), self._flags() | FLAG.AT, self._count(), credential)
        client = self._client("webauthn.create", options["challenge"], origin)
        statement = {"alg": -7, "sig": self._sign(data + client.hash)} if fmt == "packed" else {}
        made = AttestationObject.create(fmt, data, statement)
        return self._answer({"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(made)})

    def show(self, options: Mapping[str, Any], *, origin: str | None = None, rp_id: str | None = None) -> str:
        """``navigator.credentials.get``."""
        data = AuthenticatorData.create(_hash(rp_id or options["rpId"]), self._flags(), self._count())
        client = self._client("webauthn.get", options["challenge"], origin)
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(self._sign(data + client.hash)),
            "userHandle": websafe_encode(self.user_handle),
        }
        return self._answer(response)

    def _client(self, kind: str, challenge: str, origin: str | None) -> CollectedClientData:
        return CollectedClientData.create(kind, challenge, origin or self.origin)

    def _flags(self) -> AuthenticatorData.FLAG:
        return FLAG.UP | FLAG.UV if self.verifies else FLAG.UP

    def _count(self) -> int:
        if self.counter is None:
            return 0
        self.counter += 1
        return self.counter

    def _sign(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({"rawId": websafe_encode(self.credential_id), "type": "public-key", "response": response})


def _hash(rp_id: str) -> bytes:
    return sha256(rp_id.encode()).digest()
