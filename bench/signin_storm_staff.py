"""The staff of the storm: who they are, what they know, and where they sit. All of it follows from their number."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Final

STAFF: Final = 16_000
DEPARTMENTS: Final = 80
TENANT: Final = "hinode"
_SHARED_ADDRESSES: Final = 200
_STEP_S: Final = 30


def login_of(number: int) -> str:
    return f"s{number:05}"


def password_of(number: int) -> str:
    return f"{login_of(number)}-himitsu"


def department_of(number: int) -> str:
    return f"第{number % DEPARTMENTS + 1}課"


def user_id_of(number: int) -> str:
    return base64.b32encode(_digest("id", number)[:16]).decode("ascii").rstrip("=").lower()


def totp_secret_of(number: int) -> bytes:
    """160 bits, as authenticator apps get them."""
    return _digest("totp", number)


def totp_text_of(number: int) -> str:
    """The same as the store keeps it (base32, RFC 4648)."""
    return base64.b32encode(totp_secret_of(number)).decode("ascii")


def address_of(number: int) -> str:
    """Every other one has an address of their own; the rest sit in offices of forty behind one address each."""
    if number % 2:
        return f"127.{20 + (number >> 14)}.{(number >> 7) & 127}.{2 + (number & 127)}"
    return f"127.10.0.{2 + number // 2 % _SHARED_ADDRESSES}"


def code_of(number: int) -> str:
    """What the app shows now (RFC 6238)."""
    mac = hmac.digest(totp_secret_of(number), struct.pack(">Q", int(time.time()) // _STEP_S), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def _digest(what: str, number: int) -> bytes:
    return hashlib.sha1(f"{what} {number}".encode()).digest()
