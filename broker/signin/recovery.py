"""Recovery codes (非常用コード): ten single-use codes for the day on which the phone is lost.

A code has 60 random bits in Crockford's base32 (no I, L, O, U), written ``XXXX-XXXX-XXXX``.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

from broker.model.ids import TenantId, UserId
from broker.model.records import User
from broker.secret import SealingKey
from broker.signin.inputs import normalise_code

CODES: Final = 10
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 12
_BITS: Final = 5 * _LENGTH
_FORM: Final = re.compile(f"[{_ALPHABET}]{{{_LENGTH}}}")
_READ_ALIKE: Final = str.maketrans("ILO", "110")


def new_codes() -> tuple[str, ...]:
    """As many codes as a person gets."""
    return tuple(write_code(secrets.randbits(_BITS)) for _ in range(CODES))


def write_code(number: int) -> str:
    """A number of 60 bits in groups of four."""
    signs = [_ALPHABET[number >> shift & 31] for shift in range(_BITS - 5, -1, -5)]
    return "-".join("".join(signs[start : start + 4]) for start in range(0, _LENGTH, 4))


def read_code(typed: str) -> str | None:
    """The plain form of what was typed, or None when it has not the form of a recovery code."""
    plain = normalise_code(typed).translate(_READ_ALIKE)
    return plain if _FORM.fullmatch(plain) else None


def new_hashed_codes(sealing: SealingKey, user: User) -> tuple[tuple[str, ...], list[bytes]]:
    """New codes for the person to take home, and what is stored of them."""
    codes = new_codes()
    return codes, [hash_code(sealing, user.tenant_id, user.id, read_code(code) or code) for code in codes]


def hash_code(sealing: SealingKey, tenant_id: TenantId, user_id: UserId, plain: str) -> bytes:
    """HMAC-SHA256 under a key of its own: without that key a stolen table can't be searched for codes."""
    text = f"{tenant_id}\0{user_id}\0{plain}"
    return hmac.digest(sealing.derive("recovery-codes"), text.encode(), hashlib.sha256)
