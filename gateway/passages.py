"""Texts that cross a clipboard, told to the audit before they cross. What can't be told does not cross."""

from collections.abc import Callable
from typing import Final

import msgspec

from broker.model.kinds import DesktopProtocol
from broker.wire.messages import ConnectionSpec
from gateway.allowance import Bucket, Rate
from gateway.filters.clipboard import Outcome, Passage

_RATE: Final = Rate(per_s=1.0, at_once=30)
"""Texts of one session, both directions together. People stay far below; a program that copies without end would
fill the audit."""

_VNC_ENCODINGS: Final = {"ISO8859-1": "iso8859-1", "UTF-8": "utf-8", "UTF-16": "utf-16", "CP1252": "cp1252"}


class Passages:
    """Decides on each text by how many there were, and tells of it. ``unaudited`` were refused in silence."""

    def __init__(self, now_s: float) -> None:
        self.on_text: Callable[[Passage], None] = lambda _passage: None
        self.unaudited = 0
        self._bucket = Bucket(_RATE, now_s)

    def note(self, passage: Passage, now_s: float) -> Passage:
        """What becomes of a text that the filters would let pass. Told once, by its outcome here."""
        if self._bucket.fill(now_s) < 1:
            self.unaudited += 1
            return msgspec.structs.replace(passage, outcome=Outcome.TOO_OFTEN)
        self._bucket.take()
        self.on_text(passage)
        return passage


def text_encoding(spec: ConnectionSpec) -> str:
    """The encoding in which guacd hands a text to the desktop, by Python's name. What RFB itself knows is Latin-1."""
    if spec.protocol is DesktopProtocol.RDP:
        return "utf-8"
    return _VNC_ENCODINGS.get(spec.parameters.get("clipboard-encoding", ""), "iso8859-1")


def describe(passage: Passage) -> dict[str, str]:
    """For the audit: length and digest, never the text."""
    told = {"way": passage.way.value, "outcome": passage.outcome.value}
    if passage.sha256:
        told |= {
            "bytes": str(passage.size_bytes),
            "characters": str(passage.characters),
            "sha256": passage.sha256,
        }
    return told
