"""What a browser says before there is a picture: its ticket, then pings. Little of it is taken, the rest waits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from broker.model.reasons import EndReason
from gateway.door import PresentedTicket, read_message, read_ticket
from gateway.errors import ProtocolViolation
from gateway.protocol import Elements, encode_instruction
from gateway.rate import InstructionBudget
from gateway.status import DoorRefusal
from gateway.websocket import BrowserSocket

MAX_FRAMES_UNADMITTED: Final = 64
"""Frames of any kind that are read before the ticket is redeemed: the ticket, two pings a second, a few inputs."""
MAX_EARLY_MESSAGE_BYTES: Final = 512
MAX_INSTRUCTIONS_AT_ONCE: Final = 4

_IGNORED_WHILE_WAITING: Final = frozenset({b"nop", b"key", b"mouse", b"touch", b"sync", b"ack"})


class EarlyReader:
    """Takes what comes before the relay does. Three stages, each of which costs the gateway a bounded amount:

    - no ticket yet: a ticket or pings in at most :data:`MAX_FRAMES_UNADMITTED` frames; anything else ends it;
    - ticket shown, not redeemed: what is over the same number of frames stays unread until the answer is there;
    - admitted: as many instructions a second as a session may send.
    """

    def __init__(self, browser: BrowserSocket, instructions_per_s: int, end: Callable[[EndReason], None]) -> None:
        loop = asyncio.get_running_loop()
        self.ticket: asyncio.Future[PresentedTicket | DoorRefusal] = loop.create_future()
        self.size = b""
        """The last ``size`` that came after the ticket; the relay's filter judges it."""
        self.violation: ProtocolViolation | None = None
        self._browser = browser
        self._end = end
        self._loop = loop
        self._budget = InstructionBudget(instructions_per_s, loop.time())
        self._frames = 0
        self._is_admitted = False
        self._is_shut = False
        self._may_read_on = asyncio.Event()

    def admit(self) -> None:
        """The ticket was good."""
        self._is_admitted = True
        if not self._is_shut:
            self._may_read_on.set()

    def hang_up(self) -> None:
        """The browser is gone."""
        if not self.ticket.done():
            self.ticket.set_result(DoorRefusal.TICKET_MISSING)
        self._end(EndReason.CLIENT_CLOSED)

    def find_obstacle(self) -> Awaitable[object] | None:
        """Asked before each frame is read: what it has to wait for. After a refusal that is for ever."""
        self._frames += 1
        if self._is_admitted and not self._is_shut:
            pause_s = self._budget.find_pause(self._loop.time())
            return asyncio.sleep(pause_s) if pause_s > 0 else None
        if self._frames <= MAX_FRAMES_UNADMITTED and not self._is_shut:
            return None
        if not self.ticket.done():
            self._refuse(DoorRefusal.TICKET_MISSING, EndReason.CLIENT_MISBEHAVED)
        return self._may_read_on.wait()

    def take(self, message: bytes) -> None:
        """One message: pings are answered, input is let fall."""
        if self._is_shut:
            return
        self._budget.spend(message)
        try:
            self._take_instructions(message)
        except ProtocolViolation as violation:
            self.violation = violation
            self._refuse(DoorRefusal.TICKET_MALFORMED, EndReason.CLIENT_MISBEHAVED)

    def _take_instructions(self, message: bytes) -> None:
        if len(message) > MAX_EARLY_MESSAGE_BYTES:
            raise ProtocolViolation("message too long before the picture")
        for count, elements in enumerate(read_message(message)):
            if count == MAX_INSTRUCTIONS_AT_ONCE:
                raise ProtocolViolation("too many instructions at once before the picture")
            self._take_instruction(elements)

    def _take_instruction(self, elements: Elements) -> None:
        if elements[:2] == [b"", b"ping"] and len(elements) == 3 and elements[2].isdigit():
            self._answer_ping(elements[2][:20])
        elif not self.ticket.done():
            presented = read_ticket(elements)
            if presented is None:
                raise ProtocolViolation("no ticket", elements[0])
            self.ticket.set_result(presented)
        elif elements == [b"disconnect"]:
            self._end(EndReason.CLIENT_CLOSED)
        elif elements[0] == b"size":
            # the window changed while guacd was being dialled
            self.size = encode_instruction(*(element.decode() for element in elements))
        elif elements[0] not in _IGNORED_WHILE_WAITING:
            raise ProtocolViolation("out of place before the picture", elements[0])

    def _answer_ping(self, stamp: bytes) -> None:
        if self._browser.is_congested:
            self._refuse(DoorRefusal.TICKET_MISSING, EndReason.CLIENT_SILENT)
            return
        self._browser.send(encode_instruction("", "ping", stamp.decode("ascii")))

    def _refuse(self, refusal: DoorRefusal, reason: EndReason) -> None:
        """Nothing more is read."""
        self._is_shut = True
        self._may_read_on.clear()
        if not self.ticket.done():
            self.ticket.set_result(refusal)
        else:
            self._end(reason)
