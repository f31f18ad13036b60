"""What a pool needs next: from its desktops, seats, queue and observation to a list of steps. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.lifecycle.desktop import DesktopState as S
from broker.model.ids import DesktopId
from broker.model.kinds import PoolKind
from broker.model.records import Desktop, Pool

MAX_FAILURES: Final = 3
"""So many failures in a row set a desktop aside as faulty."""
_BASE_RETRY_S: Final = 2.0
_MAX_RETRY_S: Final = 300.0
MISSING_GRACE_S: Final = 1.5
"""A desktop that we made must be missing for so long, in two observations, before it counts as lost."""
HOST_GRACE_S: Final = 60.0
"""A registered host with a person on it may be out of reach for so long before its session is given up."""


class Ability(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider of a pool can do. ``makes`` false: its desktops are registered hosts that always run."""

    makes: bool
    logs_off: bool


class Start(msgspec.Struct, frozen=True):
    """Order a start, or go on with one that an earlier broker ordered."""

    desktop: Desktop


class Make(msgspec.Struct, frozen=True):
    """Add a desktop to the pool and start it."""


class Seat(msgspec.Struct, frozen=True):
    """Reserve a desktop that came up for the person who has the seat on it."""

    desktop: Desktop


class Vacate(msgspec.Struct, frozen=True):
    """Nobody has the seat of this reserved or used desktop: clean it."""

    desktop: Desktop


class Clean(msgspec.Struct, frozen=True):
    """End what the last person left behind."""

    desktop: Desktop


class Drain(msgspec.Struct, frozen=True):
    """Bring a desktop that nobody needs to rest, or go on with it."""

    desktop: Desktop


class Retry(msgspec.Struct, frozen=True):
    """Take a faulty desktop back into service."""

    desktop: Desktop


class Lose(msgspec.Struct, frozen=True):
    """The provider no longer has it."""

    desktop: Desktop


class StopStray(msgspec.Struct, frozen=True):
    """The provider runs a desktop that should be at rest."""

    desktop: Desktop


Step = Start | Make | Seat | Vacate | Clean | Drain | Retry | Lose | StopStray


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A pool at one moment. ``running`` is ``None`` while the provider gives no (credible) observation.

    ``missing_since`` tells of desktops that should run, since when they were missing from every observation.
    ``busy`` are desktops that a provider call is under way for. ``may_start`` false: starts failed of late,
    and a shared pool asks for no further ones until its back-off is over.
    """

    pool: Pool
    ability: Ability
    desktops: tuple[Desktop, ...]
    seated: frozenset[DesktopId]
    queued: int
    running: frozenset[DesktopId] | None
    missing_since: dict[DesktopId, datetime]
    busy: frozenset[DesktopId]
    may_start: bool = True
    now: datetime


def retry_after_s(failures: int) -> float:
    """Seconds until the next attempt after so many failures: doubling, at most five minutes."""
    return min(_BASE_RETRY_S * 2.0 ** min(failures, 16), _MAX_RETRY_S)


def should_run(desktop: Desktop) -> bool:
    """Whether an observation must show this desktop."""
    return desktop.state in {S.READY, S.RESERVED, S.IN_USE}


def is_due(desktop: Desktop, now: datetime) -> bool:
    """Whether the wait that ``state_until`` asks for is over. Faulty without a time waits for the IT desk."""
    if desktop.state is S.FAULTY and desktop.state_until is None:
        return False
    return desktop.state_until is None or desktop.state_until <= now


def plan(picture: Picture) -> list[Step]:
    """The steps that bring the pool closer to what it should be. Losses come first, since they free people."""
    lost = {desktop.id for desktop in picture.desktops if _is_lost(picture, desktop)}
    steps: list[Step] = [Lose(desktop) for desktop in picture.desktops if desktop.id in lost]
    wanted = _wanted(picture)
    surplus = _surplus(picture)
    for desktop in picture.desktops:
        if desktop.id not in lost and desktop.id not in picture.busy:
            steps.extend(_step_for(picture, desktop, wanted, surplus))
    steps.extend(Make() for _ in range(_to_make(picture, wanted)))
    return steps


def _is_lost(picture: Picture, desktop: Desktop) -> bool:
    if picture.running is None or desktop.id in picture.running or desktop.id in picture.busy:
        return False
    since = picture.missing_since.get(desktop.id)
    if since is None or not should_run(desktop):
        return False
    is_patient = not picture.ability.makes and desktop.state is not S.READY
    grace_s = HOST_GRACE_S if is_patient else MISSING_GRACE_S
    return picture.now - max(since, desktop.state_since) >= timedelta(seconds=grace_s)


def _step_for(
    picture: Picture, desktop: Desktop, wanted: frozenset[DesktopId], surplus: frozenset[DesktopId]
) -> Iterator[Step]:
    match desktop.state:
        case S.ABSENT | S.STOPPED if desktop.id in wanted:
            yield Start(desktop)
        case S.STARTING:
            yield Start(desktop)
        case S.READY if desktop.id in picture.seated:
            yield Seat(desktop)
        case S.READY if desktop.id in surplus:
            yield Drain(desktop)
        case S.RESERVED | S.IN_USE if desktop.id not in picture.seated:
            yield Vacate(desktop)
        case S.RESETTING | S.DRAINING | S.FAULTY if is_due(desktop, picture.now):
            yield from _due_step(picture, desktop)
        case S.ABSENT | S.STOPPED | S.FAULTY | S.RETIRED if _is_stray(picture, desktop):
            yield StopStray(desktop)
        case _:
            pass


def _due_step(picture: Picture, desktop: Desktop) -> Iterator[Step]:
    match desktop.state:
        case S.RESETTING if is_settled(picture, desktop):
            yield Clean(desktop)
        case S.DRAINING:
            yield Drain(desktop)
        case S.FAULTY:
            yield Retry(desktop)
        case _:
            pass


def is_settled(picture: Picture, desktop: Desktop) -> bool:
    """A host that can't log off by our hand rests until its own limit has ended the old work."""
    if picture.ability.logs_off:
        return True
    return desktop.state_since + timedelta(seconds=picture.pool.settle_s) <= picture.now


def _is_stray(picture: Picture, desktop: Desktop) -> bool:
    return picture.ability.makes and picture.running is not None and desktop.id in picture.running


def _wanted(picture: Picture) -> frozenset[DesktopId]:
    """Desktops at rest that should be started now."""
    resting = [
        desktop
        for desktop in picture.desktops
        if desktop.state in {S.ABSENT, S.STOPPED} and desktop.id not in picture.busy and is_due(desktop, picture.now)
    ]
    if not picture.ability.makes:
        return frozenset(desktop.id for desktop in resting)
    if picture.pool.kind is PoolKind.PERSISTENT:
        return frozenset(desktop.id for desktop in resting if desktop.id in picture.seated)
    if not picture.may_start:
        return frozenset()
    resting.sort(key=lambda desktop: (desktop.failures, desktop.state is S.ABSENT, desktop.state_since, desktop.id))
    return frozenset(desktop.id for desktop in resting[: max(0, -_spare(picture))])


def _spare(picture: Picture) -> int:
    """Unseated desktops that run or come up, beyond spares and queue; negative: so many are short."""
    coming = {S.READY, S.STARTING}
    resting = {S.ABSENT, S.STOPPED}  # with a call under way: their start is being ordered
    available = sum(
        1
        for desktop in picture.desktops
        if desktop.id not in picture.seated
        and (desktop.state in coming or (desktop.state in resting and desktop.id in picture.busy))
    )
    return available - picture.pool.target_ready - picture.queued


def _surplus(picture: Picture) -> frozenset[DesktopId]:
    """Ready desktops that nobody needs. Registered hosts are never brought to rest."""
    if not picture.ability.makes:
        return frozenset()
    idle = [d for d in picture.desktops if d.state is S.READY and d.id not in picture.seated]
    if picture.pool.kind is PoolKind.PERSISTENT:
        return frozenset(desktop.id for desktop in idle)
    idle.sort(key=lambda desktop: (desktop.state_since, desktop.id))
    return frozenset(desktop.id for desktop in idle[: max(0, _spare(picture))])


def _to_make(picture: Picture, wanted: frozenset[DesktopId]) -> int:
    if not picture.ability.makes or picture.pool.kind is PoolKind.PERSISTENT or not picture.may_start:
        return 0
    size = sum(1 for desktop in picture.desktops if desktop.state is not S.RETIRED)
    short = -_spare(picture) - len(wanted)
    return max(0, min(short, picture.pool.max_size - size))
