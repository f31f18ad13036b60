"""The desktops of this host: orders about one desktop come one after the other, those about different ones at once."""

import asyncio
import re
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import structlog

from broker.errors import ConfigurationError, ProviderFault
from broker.model.ids import DesktopId
from broker.secret import Secret
from broker.wire.messages import DesktopSeen, StartDesktop
from pools.agent.homes import Homes
from pools.agent.paths import is_desktop_id, is_home_key
from pools.agent.runtime import DesktopPlan, Runtime, StartFault, Unit
from pools.agent.sockets import Sockets
from pools.sandbox.model import SOCKET_NAME, account_here

_log: Final = structlog.get_logger(__name__)
GUACD_DESKTOPS_DIR: Final = "/desktops"
"""Where the guacd of a zone sees the folder of its zone's sockets."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAX_LABEL_CHARACTERS: Final = 64


class Up(msgspec.Struct, frozen=True):
    """The desktop runs; ``host`` is the path of its socket as the zone's guacd sees it."""

    host: str


class Down(msgspec.Struct, frozen=True):
    pass


class Fault(msgspec.Struct, frozen=True):
    """The order could not be carried out; in plain words for the IT desk."""

    fault: str


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    unit: Unit
    zone_id: str
    home_key: str | None
    password: Secret
    watcher: "asyncio.Task[None]"


class Desktops:
    """What runs here, by id. Nothing of it is kept on disk: it all ends with this process."""

    def __init__(self, *, runtime: Runtime, homes: Homes, sockets: Sockets, capacity: int, starts_at_once: int) -> None:
        self._runtime = runtime
        self._homes = homes
        self._sockets = sockets
        self._capacity = capacity
        self._turn = asyncio.Semaphore(starts_at_once)
        self._held: dict[DesktopId, _Held] = {}
        self._coming: set[DesktopId] = set()
        self._user_of_home: dict[str, DesktopId] = {}
        self._locks: WeakValueDictionary[DesktopId, asyncio.Lock] = WeakValueDictionary()

    def count_running(self) -> int:
        return sum(held.unit.is_running() for held in self._held.values())

    def seen(self) -> list[DesktopSeen]:
        """Every desktop that this process holds; one that ended by itself is seen as not running."""
        return [
            DesktopSeen(desktop_id=desktop_id, is_running=held.unit.is_running())
            for desktop_id, held in self._held.items()
        ]

    async def start(self, order: StartDesktop) -> Up | Fault:
        """Start a desktop, or answer with the one that already runs as ordered. One that runs under this id with
        another password, home or zone is of no use to the books any more: it is ended first."""
        refusal = self._refuse(order)
        if refusal is not None:
            return refusal
        async with self._lock(order.desktop_id):
            held = self._held.get(order.desktop_id)
            try:
                if held is not None and not _is_as_ordered(held, order):
                    await self._end(order.desktop_id, held, wipe=True)
                elif held is not None:
                    return _up(order.desktop_id)
                return await self._start(order)
            except (ConfigurationError, ProviderFault, OSError) as error:
                return Fault(str(error))

    async def stop(self, desktop_id: DesktopId, *, wipe: bool) -> Down | Fault:
        """End a desktop; one that is not here is down already. ``wipe`` leaves nothing of a fresh home."""
        if not is_desktop_id(desktop_id):
            return Fault("the desktop's id is not a name")
        async with self._lock(desktop_id):
            held = self._held.get(desktop_id)
            try:
                if held is not None:
                    await self._end(desktop_id, held, wipe=wipe)
                elif wipe:
                    await self._homes.remove_fresh(desktop_id)
            except (ProviderFault, OSError) as error:
                return Fault(str(error))
        return Down()

    async def set_destinations(self, desktop_id: DesktopId, destinations: tuple[str, ...]) -> Down | Fault:
        """What a running virtual browser may reach from now on."""
        async with self._lock(desktop_id):
            held = self._held.get(desktop_id)
            if held is None:
                return Fault("the desktop does not run here")
            try:
                await held.unit.set_destinations(destinations)
            except (ConfigurationError, OSError) as error:
                return Fault(str(error))
        return Down()

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(self.stop(desktop_id, wipe=True) for desktop_id in list(self._held)))

    def _lock(self, desktop_id: DesktopId) -> asyncio.Lock:
        """One lock per desktop, for as long as somebody holds or awaits it."""
        return self._locks.setdefault(desktop_id, asyncio.Lock())

    def _refuse(self, order: StartDesktop) -> Fault | None:
        if not is_desktop_id(order.desktop_id):
            return Fault("the desktop's id is not a name")
        if order.home_key is not None and not is_home_key(order.home_key):
            return Fault("the home's key is not a name")
        if order.zone_id not in self._sockets.zones:
            return Fault(f"this agent does not serve zone {order.zone_id!r}")
        return None

    async def _start(self, order: StartDesktop) -> Up | Fault:
        desktop_id, home_key = order.desktop_id, order.home_key
        if len(self._held) + len(self._coming) >= self._capacity:
            return Fault(f"all {self._capacity} places for desktops on this host are taken")
        if home_key is not None and self._user_of_home.setdefault(home_key, desktop_id) != desktop_id:
            return Fault("another desktop uses this home")
        self._coming.add(desktop_id)
        is_up = False
        try:
            async with self._turn:
                unit = await self._runtime.start(await self._plan(order))
            if isinstance(unit, StartFault):
                return Fault(unit.fault)
            self._hold(order, unit)
            is_up = True
            return _up(desktop_id)
        finally:
            self._coming.discard(desktop_id)
            if not is_up:
                await self._clear(desktop_id, order.zone_id, home_key, wipe=True)

    async def _plan(self, order: StartDesktop) -> DesktopPlan:
        """A kept home belongs to the account of its key, whichever desktop it is used by."""
        if order.home_key is None:
            account = account_here(order.desktop_id)
            home = await self._homes.fresh(order.desktop_id, account)
        else:
            account = account_here(order.home_key)
            home = await self._homes.kept(order.home_key, account)
        return DesktopPlan(
            desktop_id=order.desktop_id,
            zone_id=order.zone_id,
            zone_label=_UNPRINTABLE.sub("", order.zone_label)[:_MAX_LABEL_CHARACTERS],
            home_dir=home,
            socket_dir=self._sockets.folder_of(order.zone_id, order.desktop_id),
            account=account,
            password=Secret(order.password),
            browser=order.browser,
            keeps_home=order.home_key is not None,
            egress_dir=self._sockets.egress_folder_of(order.desktop_id),
        )

    def _hold(self, order: StartDesktop, unit: Unit) -> None:
        self._held[order.desktop_id] = _Held(
            unit=unit,
            zone_id=order.zone_id,
            home_key=order.home_key,
            password=Secret(order.password),
            watcher=asyncio.create_task(self._watch(order.desktop_id, unit)),
        )

    async def _watch(self, desktop_id: DesktopId, unit: Unit) -> None:
        """A desktop that ends by itself leaves nothing behind either."""
        await unit.wait()
        _log.warning("desktop.ended_by_itself", desktop=desktop_id)
        async with self._lock(desktop_id):
            held = self._held.get(desktop_id)
            if held is None or held.unit is not unit:
                return
            try:
                await self._end(desktop_id, held, wipe=True)
            except (ProviderFault, OSError) as error:
                _log.error("desktop.not_cleared", desktop=desktop_id, fault=str(error))

    async def _end(self, desktop_id: DesktopId, held: _Held, *, wipe: bool) -> None:
        if held.watcher is not asyncio.current_task():
            held.watcher.cancel()
        await held.unit.stop()
        del self._held[desktop_id]
        await self._clear(desktop_id, held.zone_id, held.home_key, wipe=wipe)

    async def _clear(self, desktop_id: DesktopId, zone_id: str, home_key: str | None, *, wipe: bool) -> None:
        if home_key is not None:
            self._user_of_home.pop(home_key, None)
        await self._sockets.remove(zone_id, desktop_id)
        if home_key is None and wipe:
            await self._homes.remove_fresh(desktop_id)


def _is_as_ordered(held: _Held, order: StartDesktop) -> bool:
    return (
        held.unit.is_running()
        and held.zone_id == order.zone_id
        and held.home_key == order.home_key
        and held.password == Secret(order.password)
    )


def _up(desktop_id: DesktopId) -> Up:
    return Up(f"{GUACD_DESKTOPS_DIR}/{desktop_id}/{SOCKET_NAME}")
