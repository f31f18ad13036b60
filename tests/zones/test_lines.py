"""A line dies, comes back, or comes back as another: the desktop's connection stays the one that it was."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sekisho.smoke.story import attach, open_pool
from sekisho.smoke.tunnel import Tunnel
from tests.separation.ledger import Ledger
from tests.zones import namespaces
from tests.zones.city import City
from tests.zones.map import BY_ID, LGWAN, PORTS, Kind, of_kind
from tests.zones.network import router_link
from tests.zones.people import People
from tests.zones.site import POOL_OF_ZONE
from tests.zones.staff import FRAME_S, Seat, at

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

CLIENT = "client-sim"
OTHER_ADDRESS = "10.2.7.7"
DEAD_S = 3.0
LOSS_PERCENT = 5
NOTHING = """table inet line {
    chain gone_in { type filter hook input priority -10; policy drop; }
    chain gone_out { type filter hook output priority -10; policy drop; }
}"""
LOSSY = f"""table inet line {{
    chain in {{ type filter hook input priority -10; numgen random mod 100 < {LOSS_PERCENT} drop; }}
    chain out {{ type filter hook output priority -10; numgen random mod 100 < {LOSS_PERCENT} drop; }}
}}"""
_ESTABLISHED = "01"


@contextmanager
def line_is(rules: str) -> Iterator[None]:
    """The client's line as these rules make it, for the length of the block."""
    namespaces.load_rules(CLIENT, rules)
    try:
        yield
    finally:
        namespaces.load_rules(CLIENT, "")


@contextmanager
def other_address() -> Iterator[None]:
    """The client's line has another address of the same network, as after a hand-over of the SIM."""
    mine, link = BY_ID[CLIENT].address, router_link(CLIENT)
    gateway = namespaces.in_namespace(CLIENT, _default_gateway)
    namespaces.configure(
        CLIENT, f"addr add {OTHER_ADDRESS}/32 dev eth0", f"addr del {mine}/32 dev eth0",
        f"route replace {gateway}/32 dev eth0 src {OTHER_ADDRESS}",
        f"route replace default via {gateway} dev eth0 src {OTHER_ADDRESS}",
    )  # fmt: skip
    namespaces.configure("router", f"route add {OTHER_ADDRESS}/32 dev {link}")
    try:
        yield
    finally:
        namespaces.configure(
            CLIENT, f"addr add {mine}/32 dev eth0", f"addr del {OTHER_ADDRESS}/32 dev eth0",
            f"route replace {gateway}/32 dev eth0 src {mine}",
            f"route replace default via {gateway} dev eth0 src {mine}",
        )  # fmt: skip
        namespaces.configure("router", f"route del {OTHER_ADDRESS}/32 dev {link}")


def _default_gateway() -> str:
    rows = [row.split() for row in Path("/proc/thread-self/net/route").read_text().splitlines()[1:]]
    packed = next(row[2] for row in rows if row[1] == "00000000")
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(packed)))


def connections_to_desktops() -> set[tuple[str, str]]:
    """Every desktop of the zone that a guacd is connected to, with the port at the guacd's end."""
    guacd = "".join(f"{int(part):02X}" for part in reversed(BY_ID[f"guacd-{LGWAN}"].address.split(".")))
    found: set[tuple[str, str]] = set()
    for desktop in of_kind(Kind.DESKTOP, LGWAN):
        text = namespaces.in_namespace(desktop.id, lambda: Path("/proc/thread-self/net/tcp").read_text())
        for row in (line.split() for line in text.splitlines()[1:]):
            if row[3] == _ESTABLISHED and row[1].endswith(f":{PORTS[Kind.DESKTOP]:04X}") and row[2].startswith(guacd):
                found.add((desktop.id, row[2]))
    return found


async def come_back(seat: Seat) -> tuple[Tunnel, float]:
    """A new tunnel with the picture, and how long that took from the first question to the broker, in seconds."""
    began = time.monotonic()
    page, session_id, _ = await open_pool(seat.walk, POOL_OF_ZONE[LGWAN])
    tunnel = await (await attach(seat.walk, page, session_id)).__aenter__()
    await tunnel.wait_drawn(0, FRAME_S)
    return tunnel, time.monotonic() - began


async def type_and_see(tunnel: Tunnel) -> None:
    before = await tunnel.wait_quiet(30.0)
    await tunnel.click(240, 200)
    await tunnel.press([ord(letter) for letter in "date"])
    await tunnel.wait_drawn(before, 15.0)


def test_a_line_that_dies_a_lossy_one_and_another_address_cost_no_connection(
    city: City, people: People, ledger: Ledger
) -> None:
    seen: dict[str, float] = {}

    async def work(seat: Seat) -> None:
        await seat.sign_in()
        first, _ = await come_back(seat)
        await type_and_see(first)
        held = connections_to_desktops()
        with line_is(NOTHING):
            await asyncio.sleep(DEAD_S)
        second, seen["dead"] = await come_back(seat)
        await type_and_see(second)
        assert connections_to_desktops() == held
        with line_is(LOSSY):
            third, seen["lossy"] = await come_back(seat)
            await type_and_see(third)
        assert connections_to_desktops() == held
        with other_address():
            fourth, seen["other address"] = await come_back(seat)
            await type_and_see(fourth)
            assert connections_to_desktops() == held
            page, session_id, _ = await open_pool(seat.walk, POOL_OF_ZONE[LGWAN])
            await seat.walk.browser.call(page, "POST", f"/api/v1/sessions/{session_id}/logoff")
        for tunnel in (first, second, third, fourth):
            await tunnel.__aexit__(None, None, None)

    at(CLIENT, people.at(CLIENT), work)
    assert len(seen) == 3
    ledger.record("zones", "line_lost", paths=len(seen), finds=[])


@pytest.mark.full
def test_a_desktop_is_taken_along_from_one_entrance_to_the_other(city: City, people: People) -> None:
    member = people.at(CLIENT)

    async def leave(seat: Seat) -> None:
        await seat.sign_in()
        tunnel, _ = await come_back(seat)
        await type_and_see(tunnel)
        held.update(connections_to_desktops())

    async def go_on(seat: Seat) -> None:
        await seat.sign_in()
        tunnel, _ = await come_back(seat)
        await type_and_see(tunnel)
        found.update(connections_to_desktops())

    held: set[tuple[str, str]] = set()
    found: set[tuple[str, str]] = set()
    at("client-home", member, leave)
    at(CLIENT, member, go_on)
    assert held
    assert found == held
