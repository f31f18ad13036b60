"""What a directory says of a password besides the result: the response control of password policy.

draft-behera-ldap-password-policy-10, section 6.2::

    SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0] INTEGER, graceAuthNsRemaining [1] INTEGER } OPTIONAL,
               error   [1] ENUMERATED OPTIONAL }
"""

from enum import IntEnum
from typing import Final

import msgspec

OID: Final = "1.3.6.1.4.1.42.2.27.8.5.1"
_SEQUENCE: Final = 0x30
_WARNING: Final = 0xA0
_ERROR: Final = 0x81
_SECONDS_LEFT: Final = 0x80
_GRACE_LEFT: Final = 0x81


class PolicyError(IntEnum):
    EXPIRED = 0
    LOCKED = 1
    MUST_CHANGE = 2
    CHANGE_NOT_ALLOWED = 3
    OLD_MISSING = 4
    TOO_SIMPLE = 5
    TOO_SHORT = 6
    TOO_YOUNG = 7
    IN_HISTORY = 8


class PolicyWord(msgspec.Struct, frozen=True, kw_only=True):
    """``seconds_left``: until the password runs out. ``grace_left``: it has, and still counts so many times."""

    error: PolicyError | None = None
    seconds_left: int | None = None
    grace_left: int | None = None


def read_policy_word(octets: bytes | None) -> PolicyWord:
    """Nothing is said by a control that is missing or can't be read."""
    if not octets:
        return PolicyWord()
    try:
        fields = dict(_fields(_content(octets, _SEQUENCE)))
        warning = dict(_fields(fields.get(_WARNING, b"")))
        error = _number(fields.get(_ERROR))
        return PolicyWord(
            error=None if error is None else PolicyError(error),
            seconds_left=_number(warning.get(_SECONDS_LEFT)),
            grace_left=_number(warning.get(_GRACE_LEFT)),
        )
    except ValueError:
        return PolicyWord()


def _content(octets: bytes, tag: int) -> bytes:
    found = _fields(octets)
    if len(found) != 1 or found[0][0] != tag:
        raise ValueError("another type")
    return found[0][1]


def _fields(octets: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents, one behind the other (X.690, definite lengths). Raises :class:`ValueError`."""
    found: list[tuple[int, bytes]] = []
    while octets:
        if len(octets) < 2:
            raise ValueError("cut off")
        length, start = octets[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(octets[2:start], "big")
        if start + length > len(octets):
            raise ValueError("cut off")
        found.append((octets[0], octets[start : start + length]))
        octets = octets[start + length :]
    return found


def _number(content: bytes | None) -> int | None:
    return None if content is None else int.from_bytes(content, "big", signed=True)
