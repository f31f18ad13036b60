"""A provider of desktops that does as it is told, in memory."""

from collections.abc import Mapping, Sequence

from broker.model.ids import DesktopId
from broker.model.records import Desktop, Endpoint, Pool
from broker.ports import DesktopDown, DesktopUp, Observation, ProviderFailure, StartOrder
from broker.secret import Secret


class ObedientProvider:
    """Starts what it is told to start. ``homes`` holds what people left: by key when kept, by desktop when fresh.

    ``fault`` makes every method fail until it is ``None`` again.
    """

    def __init__(self) -> None:
        self.running: set[DesktopId] = set()
        self.starts: list[DesktopId] = []
        self.homes: dict[str, list[str]] = {}
        self.fault: str | None = None
        self._home_of: dict[DesktopId, str] = {}

    def new_credential(self, pool: Pool, desktop_id: DesktopId) -> Mapping[str, Secret]:
        return {"password": Secret("12345678")}

    async def observe(self, pool: Pool, desktops: Sequence[Desktop]) -> Observation | ProviderFailure:
        if self.fault is not None:
            return ProviderFailure(self.fault)
        return Observation(frozenset(desktop.id for desktop in desktops if desktop.id in self.running))

    async def start(self, order: StartOrder) -> DesktopUp | ProviderFailure:
        if self.fault is not None:
            return ProviderFailure(self.fault)
        desktop_id = order.desktop.id
        if desktop_id not in self.running:
            self.running.add(desktop_id)
            self.starts.append(desktop_id)
            self._home_of[desktop_id] = order.home_key or f"fresh:{desktop_id}"
            self.homes.setdefault(self._home_of[desktop_id], [])
        return DesktopUp(Endpoint(host=f"/desktops/{desktop_id}/vnc.sock", port=0))

    async def stop(self, pool: Pool, desktop: Desktop) -> DesktopDown | ProviderFailure:
        return await self.log_off(pool, desktop, wipe=True)

    async def log_off(self, pool: Pool, desktop: Desktop, *, wipe: bool) -> DesktopDown | ProviderFailure:
        if self.fault is not None:
            return ProviderFailure(self.fault)
        self.running.discard(desktop.id)
        if wipe:
            self.homes.pop(f"fresh:{desktop.id}", None)
        return DesktopDown()

    def work(self, desktop: Desktop, text: str) -> None:
        """A person leaves something in the home of a running desktop."""
        self.homes[self._home_of[desktop.id]].append(text)

    def lose(self, desktop: Desktop) -> None:
        """The desktop dies by itself."""
        self.running.discard(desktop.id)
        self.homes.pop(f"fresh:{desktop.id}", None)
