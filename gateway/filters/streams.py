"""Streams of one direction: which are open, which were refused, and which the other side may acknowledge."""

from enum import Enum
from typing import Final

from broker.model.grants import Grants
from gateway.errors import ProtocolViolation
from gateway.filters import grammar
from gateway.filters.clipboard import Outcome, TextCollector
from gateway.filters.opcodes import Need, Opener
from gateway.protocol import Elements, encode_instruction

CLIENT_FORBIDDEN: Final = 771
CLIENT_OVERRUN: Final = 781
CLIENT_BAD_TYPE: Final = 783
CLIENT_TOO_MANY: Final = 797
MAX_STREAMS: Final = 1024
_PDF: Final = b"application/pdf"

_TEXTS: Final = frozenset({Need.CLIPBOARD_IN, Need.CLIPBOARD_OUT})
_TYPES: Final = {
    Need.PICTURE: grammar.image_type,
    Need.AUDIO_OUT: grammar.sound_type,
    Need.MICROPHONE: grammar.sound_type,
    Need.CLIPBOARD_IN: grammar.text_type,
    Need.CLIPBOARD_OUT: grammar.text_type,
    Need.FILE_IN: grammar.any_type,
    Need.FILE_OUT: grammar.any_type,
}


class Opening(Enum):
    """What became of an instruction that opens a stream."""

    CROSSES = "crosses"
    COLLECTED = "collected"
    """Nothing crosses until the text is whole."""
    BLOCKED = "blocked"
    MALFORMED = "malformed"


class StreamTable:
    """Streams opened by one side. Indices are kept as they are written, in canonical form only.

    A stream of text never crosses as it comes: it is collected in :attr:`texts`.
    """

    __slots__ = ("_grants", "_open", "crossed", "texts")

    def __init__(self, grants: Grants) -> None:
        self._grants = grants
        self._open: dict[bytes, bool] = {}
        self.texts = TextCollector(grants)
        self.crossed: set[bytes] = set()
        """Indices that the other side has seen opened, and so may acknowledge, also after their end."""

    def open(self, opener: Opener, elements: Elements) -> Opening:
        """Note the stream that ``elements`` open. Raises :class:`ProtocolViolation` when there are too many."""
        if len(elements) != opener.arity + 1:
            return Opening.MALFORMED
        index = elements[opener.stream_at + 1]
        if not grammar.stream_index.fullmatch(index):
            return Opening.MALFORMED
        self._make_sure_of_room(elements[0])
        mimetype = elements[opener.mimetype_at + 1]
        does_cross = is_granted(opener.need, mimetype, self._grants) and _is_type_listed(opener.need, mimetype)
        is_text = opener.need in _TEXTS
        self._open[index] = does_cross and not is_text
        self.texts.forget(index)
        if not does_cross:
            return Opening.BLOCKED
        if is_text:
            self.texts.begin(index, mimetype)
            return Opening.COLLECTED
        self.crossed.add(index)
        return Opening.CROSSES

    def open_picture(self, index: bytes) -> None:
        """Note the stream of an image that is known to be well formed, which always crosses.

        Raises :class:`ProtocolViolation` when there are too many.
        """
        self._make_sure_of_room(b"img")
        self._open[index] = True
        self.texts.forget(index)
        self.crossed.add(index)

    def pass_picture(self, index: bytes) -> None:
        """Note the stream of an image that was opened, filled and ended in one go.

        Raises :class:`ProtocolViolation` as :meth:`open_picture` does.
        """
        if index not in self.crossed or index in self._open or self.is_full():
            self.open_picture(index)
            self.close(index)

    def is_full(self) -> bool:
        """No further stream may be opened."""
        return len(self._open) >= MAX_STREAMS or len(self.crossed) >= MAX_STREAMS

    def _make_sure_of_room(self, opcode: bytes) -> None:
        if self.is_full():
            raise ProtocolViolation("too many streams", opcode)

    def state_of(self, index: bytes) -> bool | None:
        """True for a stream that crosses, False for one that does not (a text neither), ``None`` for none."""
        return self._open.get(index)

    def is_unlimited(self, index: bytes) -> bool:
        """Whether a stream crosses as it comes, however much it carries."""
        return self._open.get(index) is True

    def close(self, index: bytes) -> bool | None:
        """Forget a stream; answers as :meth:`state_of` did before."""
        self.texts.forget(index)
        return self._open.pop(index, None)


def is_granted(need: Need, mimetype: bytes, grants: Grants) -> bool:
    """Whether the grants name what a stream needs. What is not listed here is denied."""
    match need:
        case Need.PICTURE:
            return True
        case Need.AUDIO_OUT:
            return grants.audio_out
        case Need.MICROPHONE:
            return grants.microphone and not grants.read_only
        case Need.CLIPBOARD_IN:
            return grants.clipboard_in and not grants.read_only
        case Need.CLIPBOARD_OUT:
            return grants.clipboard_out
        case Need.FILE_IN:
            return grants.file_in and not grants.read_only
        case Need.FILE_OUT:
            # guacd sends what was printed as a PDF in a file stream
            return grants.file_out or (grants.print_out and mimetype == _PDF)
        case Need.NEVER:
            return False


def _is_type_listed(need: Need, mimetype: bytes) -> bool:
    pattern = _TYPES.get(need)
    return pattern is not None and pattern.fullmatch(mimetype) is not None


def refuse_stream(index: bytes, status: int = CLIENT_FORBIDDEN) -> bytes:
    """The acknowledgement that tells the opener of a stream not to wait."""
    return encode_instruction("ack", index.decode("ascii"), "BLOCKED", str(status))


_STATUS_OF: Final = {
    Outcome.TOO_LONG: CLIENT_OVERRUN,
    Outcome.NOT_TEXT: CLIENT_BAD_TYPE,
    Outcome.NOT_CARRIED: CLIENT_BAD_TYPE,
    Outcome.TOO_OFTEN: CLIENT_TOO_MANY,
}


def refuse_text(index: bytes, outcome: Outcome) -> bytes:
    """The same for a text that does not cross."""
    return refuse_stream(index, _STATUS_OF.get(outcome, CLIENT_FORBIDDEN))


def accept_blob(index: bytes) -> bytes:
    """The acknowledgement of a blob that the gateway itself has taken."""
    return encode_instruction("ack", index.decode("ascii"), "TAKEN", "0")
