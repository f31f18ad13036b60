"""One-time codes by a shared secret (TOTP, RFC 6238): SHA-1, six digits, 30 seconds, as authenticator apps expect."""

import hmac
from datetime import datetime
from typing import Final

from pyotp import random_base32
from pyotp.totp import TOTP

from broker.ports import FactorAccepted, FactorRejected
from broker.secret import Secret

_SECRET_CHARACTERS: Final = 32
"""Base32: 160 bits, the length that RFC 4226 recommends."""
_LEAST_BITS: Final = 128
_BASE32: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_TOLERATED: Final = (0, -1, 1)
_HINTED: Final = tuple(step for offset in range(2, 11) for step in (-offset, offset))


class TotpFactor:
    """A :class:`broker.ports.SecondFactor`. A code is good for its own step and one to each side."""

    def new_secret(self) -> Secret:
        return Secret(random_base32(_SECRET_CHARACTERS))

    def provisioning_uri(self, secret: Secret, *, account: str, issuer: str) -> str:
        """``otpauth://`` URI for the QR code. It holds the secret."""
        return TOTP(secret.reveal()).provisioning_uri(name=account, issuer_name=issuer)

    def verify(self, secret: Secret, code: str, *, now: datetime) -> FactorAccepted | FactorRejected:
        """Every tolerated step is compared, each in constant time. ``now`` is aware.

        A secret that was brought from an older system and is shorter than RFC 4226 (R6) asks for passes no code.
        """
        if not _is_long_enough(secret):
            return FactorRejected()
        totp = TOTP(secret.reveal())
        present = totp.timecode(now)
        offset = _find_offset(totp, code, present, _TOLERATED)
        if offset is not None:
            return FactorAccepted(present + offset)
        return FactorRejected(_find_offset(totp, code, present, _HINTED))


def _is_long_enough(secret: Secret) -> bool:
    text = secret.reveal().rstrip("=")
    return len(text) * 5 >= _LEAST_BITS and set(text.upper()) <= _BASE32


def _find_offset(totp: TOTP, code: str, present: int, offsets: tuple[int, ...]) -> int | None:
    typed = code.encode("utf-8", "replace")
    matches = [
        offset
        for offset in offsets
        if present + offset >= 0 and hmac.compare_digest(totp.generate_otp(present + offset).encode(), typed)
    ]
    return matches[0] if matches else None
