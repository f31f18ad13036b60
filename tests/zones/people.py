"""Who sits where: one member of staff for each client, with what they need there."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.zones.city import City, people_of_both_zones
from tests.zones.devices import enrol_device
from tests.zones.staff import Member, Seat, at

OUTSIDE: Final = ("client-sim", "client-home")
"""Where a telework approval and a device's certificate are asked for."""


class People:
    """Members of staff by client. Everybody enrols the authenticator app at the office, as it has to be."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._logins = iter(people_of_both_zones())
        self._members: dict[str, Member] = {}

    def of(self, client: str) -> Member:
        """The same person for the same client."""
        if client not in self._members:
            self._members[client] = self._equip(client)
        return self._members[client]

    def newcomer(self) -> Member:
        """Somebody who has never signed in."""
        login = next(self._logins)
        return Member(login=login, password=self._city.passwords[login], web_authority=self._city.folder / "web/ca.crt")

    def without_device(self, client: str) -> Member:
        """As much as the client's own person has, but for the device."""
        member = self.newcomer()
        self._approve(member)
        at("client-office", member, _enrol)
        return member

    def _equip(self, client: str) -> Member:
        member = self.newcomer()
        if client in OUTSIDE:
            self._approve(member)
            at("client-office", member, _enrol)
            member.device = enrol_device(self._city, f"pc-{client}", member.login)
        return member

    def _approve(self, member: Member) -> None:
        until = (datetime.now(UTC) + timedelta(days=30)).date()
        self._city.sekisho("approval", "set", member.login, "--until", until.isoformat(), "--reason", "在宅勤務")


async def _enrol(seat: Seat) -> None:
    await seat.enrol()
