"""Browser → guacd: keys, pointer, size and acknowledgements; streams by grant. All else ends the session."""

from collections.abc import Callable
from typing import Final

from broker.model.grants import Grants
from gateway.errors import ProtocolViolation
from gateway.filters import grammar
from gateway.filters.clipboard import Outcome, Passage, Way, WholeText
from gateway.filters.opcodes import FROM_BROWSER_OPENERS
from gateway.filters.streams import Opening, StreamTable, accept_blob, refuse_stream, refuse_text
from gateway.filters.syncs import Answer, SyncLedger
from gateway.protocol import Elements, encode_instruction, read_instruction
from gateway.watermark.overlay import STREAM_INDEX, Overlay

MIN_SIDE_PX: Final = 200
MAX_SIDE_PX: Final = 8192
_LONGEST_PING: Final = 20
_PLAIN_ACK: Final = b"OK"
_SYNC_HEAD: Final = b"4.sync,13."
_SYNC_BYTES: Final = len(b"4.sync,13.1700000000000;")
_HEAD_BYTES: Final = len(_SYNC_HEAD)
_SEMICOLON: Final = 0x3B


class BrowserFilter:
    """Takes whole messages of a browser, gives what may go to guacd. Each message holds whole instructions.

    ``reply`` sends an instruction back to the browser. ``guacd_streams`` are those which it may acknowledge.
    ``note_text`` hears of every text and answers whether it may cross: nothing crosses that is not noted.
    ``text_encoding`` is the one in which guacd hands texts to the desktop.
    """

    def __init__(
        self,
        grants: Grants,
        syncs: SyncLedger,
        guacd_streams: StreamTable,
        reply: Callable[[bytes], None],
        *,
        note_text: Callable[[Passage], bool] = lambda _passage: False,
        text_encoding: str = "utf-8",
        has_touch: bool = False,
        overlay: Overlay | None = None,
    ) -> None:
        self.streams = StreamTable(grants)
        self.is_leaving = False
        """The browser said ``disconnect``: what follows is not read."""
        self.inputs = 0
        """Messages with keys, pointer or touch so far: the measure of idleness."""
        self.acknowledged = -1
        """Timestamp of the newest frame that the browser has rendered."""
        self._is_read_only = grants.read_only
        self._syncs = syncs
        self._guacd_streams = guacd_streams
        self._reply = reply
        self._note_text = note_text
        self._text_encoding = text_encoding
        self._overlay = overlay
        self._untaken = overlay
        """The watermark until the browser has acknowledged its tile."""
        self._handlers: dict[bytes, Callable[[Elements], bytes | None]] = {
            b"": self._tunnel,
            b"sync": self._sync,
            b"ack": self._ack,
            b"size": self._size,
            b"nop": self._nop,
            b"touch": self._touch if has_touch else self._ignore_touch,
            b"key": self._input_read_only,
            b"mouse": self._input_read_only,
            b"blob": self._blob,
            b"end": self._end,
            b"disconnect": self._disconnect,
            **dict.fromkeys(FROM_BROWSER_OPENERS, self._open),
        }

    def feed(self, message: bytes) -> bytes:
        """What of ``message`` goes to guacd. Raises :class:`ProtocolViolation` for anything not on the list."""
        # what a browser sends at every frame; no regular expression is as cheap
        if len(message) == _SYNC_BYTES and message[:_HEAD_BYTES] == _SYNC_HEAD and message[-1] == _SEMICOLON:
            timestamp = message[_HEAD_BYTES:-1]
            if timestamp.isdigit() and not self.is_leaving:
                return message if self._takes_frame(int(timestamp)) else b""
        return self._sift(message)

    def _sift(self, message: bytes) -> bytes:
        """Judge instruction by instruction."""
        if b"\0" in message:
            raise ProtocolViolation("zero byte")
        position = kept_from = 0
        pieces: list[bytes] = []
        size = len(message)
        while position < size and not self.is_leaving:
            if not self._is_read_only:
                position = self._skip_input(message, position)
                if position == size:
                    break
            scanned = read_instruction(message, position)
            if scanned is None:
                raise ProtocolViolation("message ends inside an instruction")
            elements, end = scanned
            raw = message[position:end]
            replacement = self._judge(elements, raw)
            if replacement != raw:
                pieces.append(message[kept_from:position] + replacement)
                kept_from = end
            position = end
        if not pieces:
            return message[kept_from:position]
        pieces.append(message[kept_from:position])
        return b"".join(pieces)

    def _skip_input(self, message: bytes, position: int) -> int:
        run = grammar.input_run.match(message, position)
        if run is None or run.end() == position:
            return position
        self.inputs += 1
        return run.end()

    def _judge(self, elements: Elements, raw: bytes) -> bytes:
        """The bytes that cross instead of ``raw``: the same, none, or a canonical form."""
        handler = self._handlers.get(elements[0])
        if handler is None:
            raise ProtocolViolation("instruction not on the list", elements[0])
        replacement = handler(elements)
        return raw if replacement is None else replacement

    # Each handler gives ``None`` for 'as it is', or the bytes that cross instead.

    def _tunnel(self, elements: Elements) -> bytes:
        """``0.,4.ping,…``: between browser and gateway; guacd never sees it."""
        is_ping = len(elements) == 3 and elements[1] == b"ping" and len(elements[2]) <= _LONGEST_PING
        if not is_ping or not elements[2].isdigit():
            raise ProtocolViolation("tunnel instruction not on the list", elements[0])
        self._reply(encode_instruction("", "ping", elements[2].decode("ascii")))
        return b""

    def _sync(self, elements: Elements) -> bytes | None:
        _check(len(elements) in (2, 3) and all(grammar.timestamp.fullmatch(value) for value in elements[1:]), elements)
        return None if self._takes_frame(int(elements[1])) else b""

    def _takes_frame(self, timestamp: int) -> bool:
        """Whether guacd is to hear that the browser rendered the frame of this timestamp."""
        if not self._syncs.take_next(timestamp):
            answer = self._syncs.answer(timestamp)
            if answer is Answer.FUTURE:
                raise ProtocolViolation("frame acknowledged before it was sent", b"sync")
            if answer is Answer.STALE:
                return False
        self.acknowledged = timestamp
        if self._untaken is not None:
            self._untaken.note_rendered(timestamp)
            self._untaken = None if self._untaken.is_taken else self._untaken
        return True

    def _ack(self, elements: Elements) -> bytes | None:
        """Only for streams that the browser has seen; its free text is replaced."""
        _check(len(elements) == 4 and grammar.integer.fullmatch(elements[3]) is not None, elements)
        if elements[1] == STREAM_INDEX and self._overlay is not None and self._overlay.take_ack(elements[3]):
            return b""
        if elements[1] not in self._guacd_streams.crossed:
            raise ProtocolViolation("unknown stream acknowledged", elements[0])
        if elements[2] == _PLAIN_ACK:
            return None
        return encode_instruction("ack", elements[1].decode("ascii"), "NOTED", elements[3].decode("ascii"))

    def _size(self, elements: Elements) -> bytes | None:
        _check(len(elements) == 3 and all(grammar.integer.fullmatch(value) for value in elements[1:]), elements)
        if self._is_read_only:
            return b""
        width, height = (min(max(int(value), MIN_SIDE_PX), MAX_SIDE_PX) for value in elements[1:])
        # RDP takes even widths only
        return encode_instruction("size", str(width - width % 2), str(height))

    def _nop(self, elements: Elements) -> None:
        _check(len(elements) == 1, elements)

    def _input_read_only(self, elements: Elements) -> bytes:
        """A key or a pointer that the run of well-formed input did not take."""
        arity = 2 if elements[0] == b"key" else 3
        numbers = all(grammar.number.fullmatch(value) for value in elements[1:])
        _check(self._is_read_only and len(elements) == arity + 1 and numbers, elements)
        return b""

    def _touch(self, elements: Elements) -> bytes | None:
        self._ignore_touch(elements)
        if self._is_read_only:
            return b""
        self.inputs += 1
        return None

    def _ignore_touch(self, elements: Elements) -> bytes:
        """guacd did not announce touch: swallow what is well formed."""
        _check(len(elements) == 8 and all(grammar.fraction.fullmatch(value) for value in elements[1:]), elements)
        return b""

    def _disconnect(self, elements: Elements) -> bytes:
        """The relay says ``disconnect`` to guacd itself, once, at every end."""
        _check(len(elements) == 1, elements)
        self.is_leaving = True
        return b""

    # --- streams

    def _open(self, elements: Elements) -> bytes | None:
        opener = FROM_BROWSER_OPENERS[elements[0]]
        match self.streams.open(opener, elements):
            case Opening.CROSSES:
                return None
            case Opening.COLLECTED:
                return b""
            case Opening.BLOCKED:
                self._reply(refuse_stream(elements[opener.stream_at + 1]))
                return b""
            case Opening.MALFORMED:
                raise ProtocolViolation("malformed", elements[0])

    def _blob(self, elements: Elements) -> bytes | None:
        _check(len(elements) == 3, elements)
        if self.streams.texts.holds(elements[1]):
            return self._collect(elements)
        match self.streams.state_of(elements[1]):
            case None:
                raise ProtocolViolation("blob without a stream", elements[0])
            case False:
                return b""
            case True:
                _check(grammar.base64_text.fullmatch(elements[2]) is not None, elements)
                return None

    def _collect(self, elements: Elements) -> bytes:
        _check(grammar.base64_text.fullmatch(elements[2]) is not None, elements)
        refused = self.streams.texts.add(elements[1], elements[2])
        if refused is None:
            self._reply(accept_blob(elements[1]))
        else:
            self._refuse_text(elements[1], Passage(way=Way.IN, outcome=refused))
        return b""

    def _end(self, elements: Elements) -> bytes | None:
        _check(len(elements) == 2, elements)
        text = self.streams.texts.finish(elements[1])
        was_crossing = self.streams.close(elements[1])
        if was_crossing is None:
            raise ProtocolViolation("end without a stream", elements[0])
        match text:
            case WholeText() if text.is_carried_in(self._text_encoding):
                return self._carry(elements[1], text)
            case WholeText():
                self._refuse_text(elements[1], text.describe(Way.IN, Outcome.NOT_CARRIED))
                return b""
            case Outcome():
                self._refuse_text(elements[1], Passage(way=Way.IN, outcome=text))
                return b""
            case None:
                return None if was_crossing else b""

    def _carry(self, index: bytes, text: WholeText) -> bytes:
        if self._note_text(text.describe(Way.IN)):
            return text.write(index.decode("ascii"))
        self._reply(refuse_text(index, Outcome.TOO_OFTEN))
        return b""

    def _refuse_text(self, index: bytes, passage: Passage) -> None:
        self._note_text(passage)
        self._reply(refuse_text(index, passage.outcome))


def _check(is_well_formed: bool, elements: Elements) -> None:
    if not is_well_formed:
        raise ProtocolViolation("malformed", elements[0])
