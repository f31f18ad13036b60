"""guacd → browser: the picture, and by grant sound, clipboard and files. All else stays behind."""

from collections.abc import Callable
from typing import Final

import msgspec

from broker.model.grants import Grants
from gateway.filters import grammar
from gateway.filters.clipboard import Outcome, Passage, Way, WholeText
from gateway.filters.grammar import FRAME_GROUP
from gateway.filters.opcodes import DRAWING_SHAPES, DROPPED_FROM_GUACD, FROM_GUACD_OPENERS
from gateway.filters.skim import match_stretch, skim
from gateway.filters.streams import Opening, StreamTable, accept_blob, refuse_stream, refuse_text
from gateway.filters.syncs import SyncLedger
from gateway.protocol import Elements, encode_instruction, read_instruction
from gateway.watermark.overlay import Overlay

_DRAWING_OPCODES: Final = frozenset(opcode.encode() for opcode in DRAWING_SHAPES)
_LAYER_PROPERTIES: Final = frozenset({b"miter-limit", b"multi-touch"})
_PLAIN_ACK: Final = b"OK"
_SCREEN: Final = b"0"
_LAYER_OF_DRAWING: Final = {
    # which argument names the layer that changes
    b"img": 3,
    b"copy": 7,
    b"transfer": 7,
    b"cfill": 2,
    b"lfill": 2,
    b"cstroke": 2,
    b"lstroke": 2,
}


class GuacdGoodbye(msgspec.Struct, frozen=True):
    """guacd ended the connection. ``status`` is its status code (0 for a plain ``disconnect``)."""

    status: int


class PictureFilter:
    """Takes what guacd sent as it comes, gives whole instructions that may be shown to the browser.

    ``reply`` sends an instruction back to guacd. After :attr:`goodbye` is set nothing more is to be read. An
    ``overlay`` is drawn behind every size of the picture, which has no area before its first size. ``note_text``
    hears of every text and answers whether it may cross: nothing crosses that is not noted.
    """

    def __init__(
        self,
        grants: Grants,
        syncs: SyncLedger,
        reply: Callable[[bytes], None],
        overlay: Overlay | None = None,
        *,
        note_text: Callable[[Passage], bool] = lambda _passage: False,
    ) -> None:
        self.streams = StreamTable(grants)
        self.goodbye: GuacdGoodbye | None = None
        self.first_frame: int | None = None
        """Timestamp of the first ``sync`` behind something drawn on a screen that has a size: a visible picture."""
        self.dropped = 0
        self.unknown = 0
        self._syncs = syncs
        self._reply = reply
        self._note_text = note_text
        self._overlay = overlay
        self._may_skim = False
        self._rest = b""
        self._is_screen_touched = False
        self._has_screen_size = False
        self._handlers: dict[bytes, Callable[[Elements], bool | bytes]] = {
            b"blob": self._blob,
            b"end": self._end,
            b"sync": self._sync,
            b"ack": self._ack,
            b"size": self._size,
            b"set": self._set,
            b"mouse": self._mouse,
            b"nop": self._nop,
            b"disconnect": self._disconnect,
            b"error": self._error,
            b"required": self._required,
            **dict.fromkeys(FROM_GUACD_OPENERS, self._open),
        }
        self.peer_streams: StreamTable | None = None
        """Streams of the browser, which guacd acknowledges."""

    def feed(self, data: bytes) -> bytes:
        """The part of ``data`` (and of what was left before) that may cross: whole instructions only.

        Raises :class:`ProtocolViolation` when guacd breaks the format.
        """
        if self._rest:
            data = self._rest + data
        if not self._may_skim:
            return self._sift(data, 0, data.isascii())
        stretch = match_stretch(data)
        if stretch.lastindex == FRAME_GROUP and stretch.end() == len(data):
            # most reads are one frame without an image
            self._syncs.note_sent(int(stretch[FRAME_GROUP]))
            self._rest = b""
            return data
        is_ascii = data.isascii()
        end, is_cut = skim(data, stretch, self.streams, self._syncs, is_ascii)
        if end < len(data) and not is_cut:
            return self._sift(data, end, is_ascii)
        self._rest = data[end:]
        return data[:end]

    def take_rest(self) -> bytes:
        """What was fed of an instruction that is not whole yet."""
        rest, self._rest = self._rest, b""
        return rest

    def _sift(self, data: bytes, position: int, is_ascii: bool) -> bytes:
        """Judge what can't be skipped, and skip again behind it. What is before ``position`` crosses."""
        kept_from = 0
        pieces: list[bytes] = []
        size = len(data)
        while position < size and self.goodbye is None:
            scanned = read_instruction(data, position)
            if scanned is None:
                break
            elements, end = scanned
            raw = data[position:end]
            crossing = self._judge(elements, raw)
            if crossing != raw:
                pieces.append(data[kept_from:position] + crossing)
                kept_from = end
            position = end
            if self._may_skim:
                stretch = match_stretch(data, position)
                position, is_cut = skim(data, stretch, self.streams, self._syncs, is_ascii)
                if is_cut:
                    break
        self._rest = data[position:]
        if not pieces:
            return data[kept_from:position]
        pieces.append(data[kept_from:position])
        return b"".join(pieces)

    def _judge(self, elements: Elements, raw: bytes) -> bytes:
        """The bytes that cross instead of ``raw``: the same, none, or a canonical form."""
        opcode = elements[0]
        handler = self._handlers.get(opcode)
        crossing = self._is_drawing(opcode, raw) if handler is None else handler(elements)
        if not crossing:
            self.dropped += crossing is False
            return b""
        if self.first_frame is None:
            self._note_drawing(elements)
        return raw if crossing is True else crossing

    def _is_drawing(self, opcode: bytes, raw: bytes) -> bool:
        if opcode in _DRAWING_OPCODES:
            return grammar.drawing_run.fullmatch(raw) is not None
        if opcode not in DROPPED_FROM_GUACD:
            self.unknown += 1
        return False

    def _note_drawing(self, elements: Elements) -> None:
        layer_at = _LAYER_OF_DRAWING.get(elements[0])
        if layer_at is not None and elements[layer_at] == _SCREEN:
            self._is_screen_touched = True

    # Each handler says whether it crosses, or gives the bytes that cross instead: none where it was taken otherwise.

    # --- streams

    def _open(self, elements: Elements) -> bool | bytes:
        opener = FROM_GUACD_OPENERS[elements[0]]
        if elements[0] == b"img" and not _is_image_placed(elements):
            return False
        match self.streams.open(opener, elements):
            case Opening.CROSSES:
                return True
            case Opening.BLOCKED:
                self._reply(refuse_stream(elements[opener.stream_at + 1]))
                return False
            case Opening.COLLECTED:
                return b""
            case Opening.MALFORMED:
                return False

    def _blob(self, elements: Elements) -> bool | bytes:
        if len(elements) != 3:
            return False
        if not self.streams.texts.holds(elements[1]):
            return bool(self.streams.state_of(elements[1]))
        refused = self.streams.texts.add(elements[1], elements[2])
        if refused is None:
            self._reply(accept_blob(elements[1]))
            return b""
        self._refuse_text(elements[1], Passage(way=Way.OUT, outcome=refused))
        return False

    def _end(self, elements: Elements) -> bool | bytes:
        if len(elements) != 2:
            return False
        text = self.streams.texts.finish(elements[1])
        was_crossing = self.streams.close(elements[1])
        match text:
            case WholeText():
                return self._carry(elements[1], text)
            case Outcome():
                self._refuse_text(elements[1], Passage(way=Way.OUT, outcome=text))
                return False
            case None:
                return was_crossing is True

    def _carry(self, index: bytes, text: WholeText) -> bool | bytes:
        if not self._note_text(text.describe(Way.OUT)):
            self._reply(refuse_text(index, Outcome.TOO_OFTEN))
            return False
        self.streams.crossed.add(index)
        return text.write(index.decode("ascii"))

    def _refuse_text(self, index: bytes, passage: Passage) -> None:
        self._note_text(passage)
        self._reply(refuse_text(index, passage.outcome))

    def _ack(self, elements: Elements) -> bool | bytes:
        """guacd answers a stream of the browser: only such as crossed; its free text is replaced."""
        if len(elements) != 4 or self.peer_streams is None:
            return False
        if elements[1] not in self.peer_streams.crossed or not grammar.integer.fullmatch(elements[3]):
            return False
        if elements[2] == _PLAIN_ACK:
            return True
        return encode_instruction("ack", elements[1].decode("ascii"), "NOTED", elements[3].decode("ascii"))

    # --- frames and control

    def _sync(self, elements: Elements) -> bool:
        if len(elements) not in (2, 3) or not all(grammar.timestamp.fullmatch(value) for value in elements[1:]):
            return False
        timestamp = int(elements[1])
        self._syncs.note_sent(timestamp)
        if self._overlay is not None:
            self._overlay.note_frame(timestamp)
        if self.first_frame is None and self._is_screen_touched and self._has_screen_size:
            self.first_frame = timestamp
        # the first frames are looked at closely; those behind them tell nothing more
        is_marked = self._overlay is None or self._overlay.has_frame
        self._may_skim = is_marked and self.first_frame is not None
        return True

    def _size(self, elements: Elements) -> bool | bytes:
        if len(elements) != 4 or not all(grammar.integer.fullmatch(value) for value in elements[1:]):
            return False
        if elements[1] == _SCREEN:
            self._has_screen_size = int(elements[2]) > 0 and int(elements[3]) > 0
        if self._overlay is None or int(elements[1]) != 0:
            return True
        size = encode_instruction(*(element.decode("ascii") for element in elements))
        return size + self._overlay.draw(int(elements[2]), int(elements[3]))

    def _set(self, elements: Elements) -> bool:
        if len(elements) != 4 or not grammar.integer.fullmatch(elements[1]):
            return False
        return elements[2] in _LAYER_PROPERTIES and grammar.fraction.fullmatch(elements[3]) is not None

    def _mouse(self, elements: Elements) -> bool:
        """The pointer of another user of the same connection: x, y, and since 1.0 button mask and time."""
        return len(elements) in (3, 5) and all(grammar.timestamp.fullmatch(value) for value in elements[1:])

    def _nop(self, elements: Elements) -> bool:
        return len(elements) == 1

    def _disconnect(self, _elements: Elements) -> bool:
        self._take_leave(0)
        return False

    def _error(self, elements: Elements) -> bool:
        is_numbered = len(elements) == 3 and grammar.integer.fullmatch(elements[2])
        self._take_leave(int(elements[2]) if is_numbered else 0x0200)
        return False

    def _required(self, _elements: Elements) -> bool:
        """guacd asks for credentials. The browser never holds any, so the session can't go on."""
        self._take_leave(0x0301)
        return False

    def _take_leave(self, status: int) -> None:
        self.goodbye = GuacdGoodbye(status)
        self._may_skim = False


def _is_image_placed(elements: Elements) -> bool:
    if len(elements) != 7:
        return False
    numbers = (elements[2], elements[3], elements[5], elements[6])
    return all(grammar.integer.fullmatch(value) for value in numbers)
