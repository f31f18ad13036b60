"""The secret of a new authenticator app that a signed-in person sets up."""

import base64
import hashlib
import hmac
from typing import Final

from broker.model.enrolment import TotpEnrolment
from broker.model.records import User, WebSession
from broker.ports import SecondFactor
from broker.secret import SealingKey, Secret
from broker.signin.records import EnrolmentOffer

_SECRET_BYTES: Final = 20
"""160 bits, the length that RFC 4226 recommends; 32 characters of base32."""


class AppOffers:
    """Nothing is stored before the app is confirmed: the secret follows from the session, the moment of its fresh
    factor and the app that it replaces, under a key of its own. So each of them makes another one."""

    def __init__(self, factor: SecondFactor, sealing: SealingKey, issuer: str) -> None:
        self._factor = factor
        self._sealing = sealing
        self._issuer = issuer

    def secret_for(self, session: WebSession, before: TotpEnrolment | None) -> Secret:
        """The same for each look at the page, until the app is confirmed."""
        moments = [str(session.factor_at), "" if before is None else str(before.confirmed_at)]
        text = session.token_hash + "\0".join(["", session.tenant_id, session.user_id, *moments]).encode()
        drawn = hmac.digest(self._sealing.derive("totp-offer"), text, hashlib.sha256)
        return Secret(base64.b32encode(drawn[:_SECRET_BYTES]).decode())

    def describe(self, user: User, secret: Secret) -> EnrolmentOffer:
        """What the page shows of it."""
        return describe_app(self._factor, self._issuer, user, secret)


def describe_app(factor: SecondFactor, issuer: str, user: User, secret: Secret) -> EnrolmentOffer:
    """The secret as text key (base32 in groups of four) and as URI for the QR code."""
    text = secret.reveal()
    return EnrolmentOffer(
        display_name=user.display_name,
        text_key=" ".join(text[start : start + 4] for start in range(0, len(text), 4)),
        uri=factor.provisioning_uri(secret, account=f"{user.login}@{user.tenant_id}", issuer=issuer),
    )
