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

    def at(self, client: str) -> Member:
        """Somebody new each time (a code counts once in 30 s), with all that is asked for at that client."""
        member = self.without_device() if client in OUTSIDE else self.newcomer()
        if client in OUTSIDE:
            member.device = enrol_device(self._city, f"pc-{member.login}", member.login)
        return member

    def newcomer(self) -> Member:
        """Somebody who has never signed in."""
        login = next(self._logins)
        return Member(login=login, password=self._city.passwords[login], web_authority=self._city.folder / "web/ca.crt")

    def without_device(self) -> Member:
        """As much as is asked for outside of the office, but for the device."""
        member = self.newcomer()
        self._approve(member)
        at("client-office", member, _enrol)
        return member

    def _approve(self, member: Member) -> None:
        until = (datetime.now(UTC) + timedelta(days=30)).date()
        order = {"login": member.login, "ends_on": until.isoformat(), "reason": "在宅勤務"}
        self._city.ask("POST", "/admin/approvals", {"approvals": [order]})


async def _enrol(seat: Seat) -> None:
    await seat.enrol()
