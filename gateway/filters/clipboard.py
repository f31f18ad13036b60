"""Text on its way through a clipboard: it is collected, looked at, and crosses whole or not at all.

One text a direction at a time: whoever opens a second stream of text gives up the first.
"""

import base64
import binascii
import hashlib
import re
from enum import StrEnum
from typing import Final

import msgspec

from broker.model.grants import Grants
from gateway.protocol import encode_instruction

MAX_BLOB_BYTES: Final = 6048
"""As guacamole-common-js cuts them: in base64 such a blob fits into one instruction of guacd (8192 bytes)."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
"""Those of ASCII that lay out no text, and those of ISO 6429 (C1): terminals take U+009B for an escape sequence."""


class Way(StrEnum):
    """Into the zone, or out of it."""

    IN = "in"
    OUT = "out"


class Outcome(StrEnum):
    """What became of a text. ``not_text``: not UTF-8, or with control characters that no text has;
    ``not_carried``: with characters that guacd can't hand to this desktop."""

    PASSED = "passed"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"
    NOT_CARRIED = "not_carried"
    TOO_OFTEN = "too_often"


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a text: never the text. ``sha256`` is that of its UTF-8, empty where it was not collected."""

    way: Way
    outcome: Outcome
    size_bytes: int = 0
    characters: int = 0
    sha256: str = ""


class WholeText(msgspec.Struct, frozen=True, kw_only=True):
    """A text that may cross, by what its stream said of it."""

    mimetype: str
    data: bytes
    characters: int

    def describe(self, way: Way, outcome: Outcome = Outcome.PASSED) -> Passage:
        return Passage(
            way=way,
            outcome=outcome,
            size_bytes=len(self.data),
            characters=self.characters,
            sha256=hashlib.sha256(self.data).hexdigest(),
        )

    def is_carried_in(self, encoding: str) -> bool:
        """Whether every character of it exists there."""
        try:
            self.data.decode("utf-8").encode(encoding)
        except UnicodeEncodeError:
            return False
        return True

    def write(self, index: str) -> bytes:
        """The whole stream, written anew on ``index``."""
        pieces = [self.data[at : at + MAX_BLOB_BYTES] for at in range(0, len(self.data), MAX_BLOB_BYTES)]
        blobs = [encode_instruction("blob", index, base64.b64encode(piece).decode("ascii")) for piece in pieces]
        return b"".join(
            [encode_instruction("clipboard", index, self.mimetype), *blobs, encode_instruction("end", index)]
        )


class TextCollector:
    """The text that is being sent in one direction. Never holds more than the grants allow one text to have."""

    __slots__ = ("_data", "_index", "_max_bytes", "_mimetype")

    def __init__(self, grants: Grants) -> None:
        self._max_bytes = grants.clipboard_max_bytes
        self._index: bytes | None = None
        self._mimetype = ""
        self._data = bytearray()

    def begin(self, index: bytes, mimetype: bytes) -> None:
        self._index = index
        self._mimetype = mimetype.decode("ascii")
        self._data = bytearray()

    def holds(self, index: bytes) -> bool:
        return index == self._index

    def forget(self, index: bytes) -> None:
        """Whatever was sent on ``index`` is let go."""
        if index == self._index:
            self._index = None
            self._data = bytearray()

    def add(self, index: bytes, blob: bytes) -> Outcome | None:
        """Take one blob; an outcome is why there will be no text. It is let go with that."""
        try:
            piece = binascii.a2b_base64(blob, strict_mode=True)
        except binascii.Error:
            return self._refuse(index, Outcome.NOT_TEXT)
        if len(self._data) + len(piece) > self._max_bytes:
            return self._refuse(index, Outcome.TOO_LONG)
        self._data += piece
        return None

    def finish(self, index: bytes) -> WholeText | Outcome | None:
        """The whole text at the end of its stream, or why it is none; ``None`` when nothing is collected there."""
        if index != self._index:
            return None
        data = bytes(self._data)
        self.forget(index)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return Outcome.NOT_TEXT
        if _CONTROLS.search(text):
            return Outcome.NOT_TEXT
        return WholeText(mimetype=self._mimetype, data=data, characters=len(text))

    def _refuse(self, index: bytes, outcome: Outcome) -> Outcome:
        self.forget(index)
        return outcome
