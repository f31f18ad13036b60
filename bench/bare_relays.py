"""Relays without a filter, to be measured against. They are the gateway's own relay: door, sockets, back-pressure,
limits and counts stay, only what looks into the instructions is another.
"""

import re
from typing import Any, Final

from gateway import relay
from gateway.filters.browser import BrowserFilter
from gateway.filters.picture import PictureFilter
from gateway.protocol import read_instruction

_SHORT: Final = "|".join(rf"{length}\.{'.' * length}" for length in range(1, 20))
_ELEMENT: Final = rf"(?:{_SHORT})"
_SEMICOLON: Final = 0x3B
_stretch: Final = re.compile(
    rf"(?:{_ELEMENT}(?:,{_ELEMENT})*;){{0,500}}(?:((?:{_ELEMENT},)*)([1-9][0-9]{{1,3}})\.|)".encode(), re.DOTALL
)
"""Whole instructions of short elements, and then one up to the data of its first long element, or nothing."""


class BarePicture(PictureFilter):
    """Hands on whole instructions, whatever they are: the least that a relay must do.

    A WebSocket message of text has to be UTF-8 (RFC 6455, section 8.1), so a read that ends inside a character can't
    be handed on as it is; and the tunnel of guacamole-common-js up to 1.5.1 wants whole instructions.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.first_frame = 0

    def feed(self, data: bytes) -> bytes:
        if self._rest:
            data = self._rest + data
        end = _find_last_end(data)
        self._rest = data[end:]
        return data[:end]


def _find_last_end(data: bytes) -> int:
    """The offset behind the last whole instruction."""
    position, size, is_ascii = 0, len(data), data.isascii()
    while position < size:
        stretch = _stretch.match(data, position) if is_ascii else None
        if stretch is not None and stretch[2] is not None:
            end = stretch.end() + int(stretch[2])
            if end >= size:
                return stretch.start(1)
            if data[end] == _SEMICOLON:
                position = end + 1
                continue
            position = stretch.start(1)
        elif stretch is not None and stretch.end() > position:
            position = stretch.end()
            continue
        scanned = read_instruction(data, position)
        if scanned is None:
            return position
        position = scanned[1]
    return position


class BareInput(BrowserFilter):
    """Hands on every message unread, but answers the pings of the tunnel, which guacd would not."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.acknowledged = 0

    def feed(self, message: bytes) -> bytes:
        return super().feed(message) if message.startswith(b"0.,") else message


class UnreadPicture(BarePicture):
    """Hands on every read as it came. No relay for use: it cuts instructions and characters."""

    def feed(self, data: bytes) -> bytes:
        return data


def take_the_filters_out(*, is_read: bool) -> None:
    """For this process and for good."""
    relay.PictureFilter = BarePicture if is_read else UnreadPicture  # type: ignore[attr-defined] # only in this process
    relay.BrowserFilter = BareInput  # type: ignore[attr-defined] # only in this process
