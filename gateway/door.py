"""What is checked before a ticket is redeemed: origin, tunnel cookie, the ticket's form. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from broker.secret import Secret
from gateway.display import Display, read_display
from gateway.errors import ProtocolViolation
from gateway.protocol import Elements, read_instruction

TUNNEL_COOKIE: Final = "__Host-sekisho_tunnel"
_token_form: Final = re.compile(r"[A-Za-z0-9_-]{16,256}")


class PresentedTicket(msgspec.Struct, frozen=True):
    """The first message of a browser."""

    ticket: Secret
    display: Display


def is_origin_allowed(origins: Sequence[str], allowed: frozenset[str]) -> bool:
    """Exactly one Origin header (RFC 6454), and a listed one. None, several or ``null`` are denied."""
    return len(origins) == 1 and origins[0] in allowed


def find_tunnel_cookie(cookie_headers: Sequence[str]) -> Secret | None:
    """The tunnel cookie if it is there exactly once and well formed (RFC 6265), else ``None``."""
    pairs = (pair.strip() for header in cookie_headers for pair in header.split(";"))
    values = [value for name, _, value in (pair.partition("=") for pair in pairs) if name == TUNNEL_COOKIE]
    if len(values) != 1 or not _token_form.fullmatch(values[0]):
        return None
    return Secret(values[0])


def read_ticket(elements: Elements) -> PresentedTicket | None:
    """``0.,6.ticket,<T>`` or ``0.,6.ticket,<T>,<width>,<height>,<dpi>,<timezone>``; ``None`` if malformed."""
    match [element.decode() for element in elements]:
        case ["", "ticket", ticket]:
            display = Display()
        case ["", "ticket", ticket, width, height, dpi, timezone]:
            display = read_display(width, height, dpi, timezone)
        case _:
            return None
    return PresentedTicket(Secret(ticket), display) if _token_form.fullmatch(ticket) else None


def read_message(message: bytes) -> Iterator[Elements]:
    """The instructions of one message, one by one, so that a reader may stop before it has paid for all of them.

    Raises :class:`ProtocolViolation` where the message breaks the format or ends inside an instruction.
    """
    position = 0
    while position < len(message):
        scanned = read_instruction(message, position)
        if scanned is None:
            raise ProtocolViolation("message ends inside an instruction")
        elements, position = scanned
        yield elements
