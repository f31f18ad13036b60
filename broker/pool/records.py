"""What comes out of the pool service, and what pools and sessions hand each other."""

import msgspec

from broker.lifecycle.desktop import DesktopState
from broker.model.kinds import PoolKind
from broker.model.reasons import EndReason
from broker.model.records import Assignment, Attachment, Desktop, Pool, User


class PoolSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A pool as the console shows it; ``counts`` by desktop state.

    ``live_sessions`` holds all: ``connected``, ``disconnected`` (the desktop is kept) and those that wait.
    """

    pool: Pool
    kind: PoolKind
    counts: dict[str, int]
    queued: int
    live_sessions: int
    connected: int
    disconnected: int
    provider_fault: str | None


class DesktopRow(msgspec.Struct, frozen=True, kw_only=True):
    desktop: Desktop
    assignment: Assignment | None
    user: User | None


class NoSuchPool(msgspec.Struct, frozen=True):
    pass


class NoSuchDesktop(msgspec.Struct, frozen=True):
    pass


class PoolChanged(msgspec.Struct, frozen=True):
    """The pool as it is now; asking for what already holds changes nothing and answers the same."""

    pool: Pool


class DesktopChanged(msgspec.Struct, frozen=True):
    """The order is in the books; the reconciler carries it out within its interval."""

    desktop: Desktop


class DesktopMoved(msgspec.Struct, frozen=True):
    """The desktop is in a state that the order does not fit (any more)."""

    state: DesktopState


class Cut(msgspec.Struct, frozen=True):
    """An attachment that the books have closed and that its gateway has still to end."""

    attachment: Attachment
    reason: EndReason
