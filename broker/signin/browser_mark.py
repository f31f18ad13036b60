"""The mark of a browser in which somebody has signed in: it opens nothing, it tells them apart from strangers.

32 bytes of HMAC-SHA256 over the account, the time of the last sign-in and a number of the browser, before those two.
Nothing is stored for it. A stolen mark lets its thief guess as often as its owner could, at that one account.
"""

import base64
import binascii
import hashlib
import hmac
import os
from datetime import datetime
from typing import Final

from broker.secret import SealingKey, Secret

_NUMBER: Final = 16
_TIME: Final = 8
_MAC: Final = 32
_LENGTH: Final = _NUMBER + _TIME + _MAC
_LONGEST: Final = 128


class BrowserMarks:
    """Gives out marks and reads them. ``known_s``: for so long after its sign-in a browser is known."""

    def __init__(self, sealing: SealingKey, known_s: int) -> None:
        self._key = sealing.derive("browser-mark")
        self._known_s = known_s

    def give(self, account: str, before: Secret | None, now: datetime) -> Secret:
        """A mark for the browser that has just signed in; it keeps its number, and with it its failures."""
        number = self.read(account, before, now)
        raw = (bytes.fromhex(number) if number else os.urandom(_NUMBER)) + int(now.timestamp()).to_bytes(_TIME)
        return Secret(base64.urlsafe_b64encode(raw + self._mac(account, raw)).decode().rstrip("="))

    def read(self, account: str, mark: Secret | None, now: datetime) -> str | None:
        """The browser's number (hexadecimal), if it has signed in lately as this account."""
        raw = None if mark is None else _decode(mark.reveal())
        if raw is None or not hmac.compare_digest(raw[-_MAC:], self._mac(account, raw[:-_MAC])):
            return None
        age_s = int(now.timestamp()) - int.from_bytes(raw[_NUMBER:-_MAC])
        return raw[:_NUMBER].hex() if 0 <= age_s < self._known_s else None

    def _mac(self, account: str, raw: bytes) -> bytes:
        text = account.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text + b"\0" + raw, hashlib.sha256)


def _decode(text: str) -> bytes | None:
    if len(text) > _LONGEST:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == _LENGTH else None
