"""Ends and faults → WebSocket close codes (RFC 6455) and Guacamole status codes. The only place for it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from broker.model.reasons import EndReason


class DoorRefusal(StrEnum):
    """Why a WebSocket was shut before a session began."""

    TUNNEL_COOKIE_MISSING = "tunnel_cookie_missing"
    TICKET_MISSING = "ticket_missing"
    TICKET_MALFORMED = "ticket_malformed"
    TICKET_REFUSED = "ticket_refused"
    BROKER_AWAY = "broker_away"
    BUSY = "busy"
    ZONE_NOT_SERVED = "zone_not_served"
    GATEWAY_FULL = "gateway_full"


class Closing(msgspec.Struct, frozen=True):
    """How a WebSocket is closed. Sent as code and as reason ``<guacamole status> <word>``: guacamole-common-js
    reads the number, the page the word."""

    websocket_code: int
    guacamole_status: int
    word: str

    def reason_text(self) -> str:
        return f"{self.guacamole_status} {self.word}"


_NORMAL: Final = 1000
_GOING_AWAY: Final = 1001
_POLICY: Final = 1008
_SERVER_ERROR: Final = 1011
_TRY_LATER: Final = 1013

_SERVER_ERROR_STATUS: Final = 0x0200
_SERVER_BUSY: Final = 0x0201
_UPSTREAM_TIMEOUT: Final = 0x0202
_UPSTREAM_ERROR: Final = 0x0203
_UPSTREAM_NOT_FOUND: Final = 0x0207
_UPSTREAM_UNAVAILABLE: Final = 0x0208
_SESSION_CONFLICT: Final = 0x0209
_SESSION_TIMEOUT: Final = 0x020A
_SESSION_CLOSED: Final = 0x020B
_CLIENT_BAD_REQUEST: Final = 0x0300
_CLIENT_UNAUTHORIZED: Final = 0x0301
_CLIENT_FORBIDDEN: Final = 0x0303
_CLIENT_TIMEOUT: Final = 0x0308

_CODES: Final[Mapping[EndReason | DoorRefusal, tuple[int, int]]] = MappingProxyType(
    {
        DoorRefusal.TUNNEL_COOKIE_MISSING: (_POLICY, _CLIENT_UNAUTHORIZED),
        DoorRefusal.TICKET_MISSING: (_POLICY, _CLIENT_TIMEOUT),
        DoorRefusal.TICKET_MALFORMED: (_POLICY, _CLIENT_BAD_REQUEST),
        DoorRefusal.TICKET_REFUSED: (_POLICY, _CLIENT_FORBIDDEN),
        DoorRefusal.BROKER_AWAY: (_TRY_LATER, _SERVER_BUSY),
        DoorRefusal.BUSY: (_TRY_LATER, _SERVER_BUSY),
        DoorRefusal.ZONE_NOT_SERVED: (_POLICY, _CLIENT_FORBIDDEN),
        DoorRefusal.GATEWAY_FULL: (_TRY_LATER, _SERVER_BUSY),
        EndReason.LOGGED_OFF: (_NORMAL, _SESSION_CLOSED),
        EndReason.SIGNED_OUT: (_NORMAL, _SESSION_CLOSED),
        EndReason.TERMINATED: (_POLICY, _SESSION_CLOSED),
        EndReason.TAKEN_OVER: (_NORMAL, _SESSION_CONFLICT),
        EndReason.IDLE_LIMIT: (_NORMAL, _SESSION_TIMEOUT),
        EndReason.ABSOLUTE_LIMIT: (_NORMAL, _SESSION_TIMEOUT),
        EndReason.HOURS_ENDED: (_NORMAL, _SESSION_TIMEOUT),
        EndReason.DISCONNECT_LIMIT: (_NORMAL, _SESSION_TIMEOUT),
        EndReason.UNSUPERVISED: (_TRY_LATER, _SESSION_CLOSED),
        EndReason.DESKTOP_LOST: (_SERVER_ERROR, _UPSTREAM_UNAVAILABLE),
        EndReason.DESKTOP_FAILED: (_SERVER_ERROR, _UPSTREAM_ERROR),
        EndReason.NO_CAPACITY: (_TRY_LATER, _SERVER_BUSY),
        EndReason.GATEWAY_LOST: (_GOING_AWAY, _UPSTREAM_UNAVAILABLE),
        EndReason.CLIENT_CLOSED: (_NORMAL, _SESSION_CLOSED),
        EndReason.CLIENT_SILENT: (_POLICY, _CLIENT_TIMEOUT),
        EndReason.CLIENT_MISBEHAVED: (_POLICY, _CLIENT_BAD_REQUEST),
        EndReason.GUACD_UNREACHABLE: (_SERVER_ERROR, _UPSTREAM_UNAVAILABLE),
        EndReason.GUACD_CLOSED: (_SERVER_ERROR, _UPSTREAM_ERROR),
        EndReason.GUACD_MISBEHAVED: (_SERVER_ERROR, _UPSTREAM_ERROR),
        EndReason.DESKTOP_UNREACHABLE: (_SERVER_ERROR, _UPSTREAM_NOT_FOUND),
        EndReason.DESKTOP_SIGNIN_FAILED: (_POLICY, _CLIENT_UNAUTHORIZED),
        EndReason.RESTRICTION_UNSUPPORTED: (_POLICY, _CLIENT_FORBIDDEN),
        EndReason.ABANDONED: (_NORMAL, _SESSION_TIMEOUT),
        EndReason.ENTITLEMENT_LOST: (_POLICY, _CLIENT_FORBIDDEN),
        EndReason.ACCOUNT_LOCKED: (_POLICY, _CLIENT_FORBIDDEN),
        EndReason.APPROVAL_ENDED: (_POLICY, _CLIENT_FORBIDDEN),
        EndReason.DEVICE_REFUSED: (_POLICY, _CLIENT_FORBIDDEN),
        EndReason.MODE_CHANGED: (_POLICY, _SESSION_CLOSED),
        EndReason.POLICY_CHANGED: (_POLICY, _CLIENT_FORBIDDEN),
        EndReason.GRANTS_CHANGED: (_TRY_LATER, _SESSION_CLOSED),
        EndReason.GATEWAY_STOPPED: (_GOING_AWAY, _UPSTREAM_UNAVAILABLE),
        EndReason.WATERMARK_UNAVAILABLE: (_POLICY, _CLIENT_FORBIDDEN),
    }
)


def close_for(reason: EndReason | DoorRefusal) -> Closing:
    """How the WebSocket is closed for a reason. A reason without a row is a server error, never a success."""
    code, status = _CODES.get(reason, (_SERVER_ERROR, _SERVER_ERROR_STATUS))
    return Closing(code, status, reason.value)


def classify_guacd_status(status: int) -> EndReason:
    """What a status that guacd gave means for the session (Guacamole protocol reference, status codes)."""
    match status:
        case 0:
            return EndReason.GUACD_CLOSED
        case 0x0202 | 0x0204 | 0x0207 | 0x0208:
            return EndReason.DESKTOP_UNREACHABLE
        case 0x0301 | 0x0303:
            return EndReason.DESKTOP_SIGNIN_FAILED
        case 0x0209:
            return EndReason.TAKEN_OVER
        case 0x0308:
            return EndReason.GUACD_CLOSED
        case _:
            return EndReason.DESKTOP_FAILED
