"""Codes of refusals and ends. Pages translate them; the audit stores them as they are."""

from enum import StrEnum


class DenyReason(StrEnum):
    """Why a pool may not be opened. Every refusal after sign-in carries one."""

    NOT_SIGNED_IN = "not_signed_in"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    ACCOUNT_LOCKED = "account_locked"
    ORIGIN_UNKNOWN = "origin_unknown"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    NOT_ENTITLED = "not_entitled"
    POOL_CLOSED = "pool_closed"
    MAINTENANCE = "maintenance"
    RULES_UNKNOWN = "rules_unknown"
    SEGMENT_NOT_ALLOWED = "segment_not_allowed"
    DEVICE_NOT_ALLOWED = "device_not_allowed"
    CERTIFICATE_NOT_VALID = "certificate_not_valid"
    APPROVAL_MISSING = "approval_missing"
    STEP_UP_NEEDED = "step_up_needed"
    DEGRADED = "degraded"
    OUTSIDE_HOURS = "outside_hours"
    TOO_MANY_DAYS = "too_many_days"
    TOO_MANY_SESSIONS = "too_many_sessions"


class SignedOutCause(StrEnum):
    """Why a request ended the web session that it came with."""

    OTHER_ENTRANCE = "other_entrance"
    DEVICE_MISSING = "device_missing"
    """It began with a device's certificate and came without one."""
    DEVICE_OTHER = "device_other"
    DEVICE_REFUSED = "device_refused"
    """The device's certificate has ended or was revoked since."""


class EndReason(StrEnum):
    """Why a session, an attachment or an assignment ended."""

    LOGGED_OFF = "logged_off"
    SIGNED_OUT = "signed_out"
    TERMINATED = "terminated"
    TAKEN_OVER = "taken_over"
    IDLE_LIMIT = "idle_limit"
    ABSOLUTE_LIMIT = "absolute_limit"
    HOURS_ENDED = "hours_ended"
    DISCONNECT_LIMIT = "disconnect_limit"
    UNSUPERVISED = "unsupervised"
    DESKTOP_LOST = "desktop_lost"
    DESKTOP_FAILED = "desktop_failed"
    NO_CAPACITY = "no_capacity"
    GATEWAY_LOST = "gateway_lost"
    CLIENT_CLOSED = "client_closed"
    CLIENT_SILENT = "client_silent"
    CLIENT_MISBEHAVED = "client_misbehaved"
    GUACD_UNREACHABLE = "guacd_unreachable"
    GUACD_CLOSED = "guacd_closed"
    GUACD_MISBEHAVED = "guacd_misbehaved"
    DESKTOP_UNREACHABLE = "desktop_unreachable"
    DESKTOP_SIGNIN_FAILED = "desktop_signin_failed"
    RESTRICTION_UNSUPPORTED = "restriction_unsupported"
    ABANDONED = "abandoned"
    ENTITLEMENT_LOST = "entitlement_lost"
    GATEWAY_STOPPED = "gateway_stopped"
    WATERMARK_UNAVAILABLE = "watermark_unavailable"
    ACCOUNT_LOCKED = "account_locked"
    APPROVAL_ENDED = "approval_ended"
    DEVICE_REFUSED = "device_refused"
    MODE_CHANGED = "mode_changed"
    POLICY_CHANGED = "policy_changed"
    GRANTS_CHANGED = "grants_changed"
    """Only the tunnel ends: what is granted is another now, and the next tunnel gets it."""


class TicketRefusal(StrEnum):
    """Why a ticket was not redeemed. The browser only ever hears that it was refused."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    WRONG_TUNNEL = "wrong_tunnel"
    WRONG_ZONE = "wrong_zone"
    WRONG_ENTRANCE = "wrong_entrance"
    SESSION_ENDED = "session_ended"
    SIGNED_OUT = "signed_out"
    POLICY = "policy"
    NO_DESKTOP = "no_desktop"


class SigninRefusal(StrEnum):
    """Cause of a refused sign-in. Goes to the audit and the helpdesk, never to the person at the door."""

    EMPTY_PASSWORD = "empty_password"
    LOGIN_MALFORMED = "login_malformed"
    UNKNOWN_USER = "unknown_user"
    AMBIGUOUS_USER = "ambiguous_user"
    SEVERAL_DIRECTORIES = "several_directories"
    """Two directories of the tenant have the name, and no rule says whose it is."""
    WRONG_PASSWORD = "wrong_password"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_EXPIRED = "account_expired"
    PASSWORD_EXPIRED = "password_expired"
    DIRECTORY_LOCKED = "directory_locked"
    ACCOUNT_LOCKED = "account_locked"
    NOT_ENROLLED = "not_enrolled"
    WRONG_CODE = "wrong_code"
    CODE_REPLAYED = "code_replayed"
    RECOVERY_CODE_UNKNOWN = "recovery_code_unknown"
    ATTEMPT_EXPIRED = "attempt_expired"
    TOO_MANY_CODES = "too_many_codes"
    ENROLMENT_NOT_ALLOWED_HERE = "enrolment_not_allowed_here"
