"""How the servers of a directory are, as this broker has found them since its start."""

from datetime import datetime
from enum import StrEnum

import msgspec


class ServerState(StrEnum):
    UNASKED = "unasked"
    """Nobody has needed it yet."""
    UP = "up"
    FAILING = "failing"
    """Its last answer was a fault, or none. It is asked after the others."""


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One server. Times of answers are of the last five minutes; None where it gave none."""

    directory: str
    server: str
    state: ServerState
    since: datetime
    requests: int
    """Since the start, as are ``faults``."""
    faults: int
    last_fault: str = ""
    last_fault_at: datetime | None = None
    recent: int = 0
    """Answers in the last five minutes."""
    median_ms: float | None = None
    p99_ms: float | None = None
    busy_threads: int = 0
    max_threads: int = 0
    waiting: int = 0
    """Requests that wait for a thread."""


class CheckStep(StrEnum):
    """What is tried at each server, in this order."""

    CONNECT = "connect"
    CERTIFICATE = "certificate"
    BIND = "bind"
    PEOPLE = "people"
    """The branch with the people can be read, and holds people with the attributes that are asked for."""
    GROUPS = "groups"
    LOCKOUT = "lockout"
    """When the directory locks an account by itself is known, so that it is not brought to it from here."""


class CheckResult(StrEnum):
    OK = "ok"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"
    """An earlier step failed."""


class CheckProblem(StrEnum):
    """What is wrong; pages and the command line say what to do about it."""

    NAME_UNKNOWN = "name_unknown"
    REFUSED = "refused"
    SILENT = "silent"
    TLS_REFUSED = "tls_refused"
    OTHER_AUTHORITY = "other_authority"
    OTHER_NAME = "other_name"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_ENDS_SOON = "certificate_ends_soon"
    SERVICE_REFUSED = "service_refused"
    BASE_MISSING = "base_missing"
    NOT_READABLE = "not_readable"
    NOBODY_FOUND = "nobody_found"
    ATTRIBUTE_MISSING = "attribute_missing"
    LOCKOUT_UNKNOWN = "lockout_unknown"
    LOCKOUT_LOW = "lockout_low"
    BUSY = "busy"
    OTHER = "other"


class CheckFinding(msgspec.Struct, frozen=True, kw_only=True):
    """``detail`` is the server's own word, or what was found."""

    directory: str
    server: str
    step: CheckStep
    result: CheckResult
    problem: CheckProblem | None = None
    detail: str = ""
