"""Orders about desktops: again, at once, in the wrong moment, and with names that are none."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.model.ids import DesktopId
from broker.wire.messages import DesktopSeen, ListDesktops, StopDesktop
from pools.agent.desktops import Down, Fault, Up
from pools.agent.homes import Homes
from pools.agent.orders import carry_out
from tests.broker.link.fakes import until
from tests.pools.agent.stage import Stage, order

D1, D2 = DesktopId("d1"), DesktopId("d2")


async def test_a_start_answers_with_the_socket_as_guacd_sees_it(stage: Stage) -> None:
    assert await stage.desktops.start(order("d1")) == Up("/desktops/d1/vnc.sock")
    plan = stage.runtime.units[0].plan
    assert plan.socket_dir == stage.folder / "sockets/lgwan/d1"
    assert stat.S_IMODE(plan.home_dir.stat().st_mode) == 0o700
    assert stage.desktops.seen() == [DesktopSeen(desktop_id=D1, is_running=True)]


async def test_orders_are_answered_alike_however_often_they_come(stage: Stage) -> None:
    starts = [await carry_out(stage.desktops, order("d1")) for _ in range(3)]
    assert len({answer.endpoint_host for answer in starts}) == len(stage.runtime.units) == 1
    for _ in range(3):
        assert (await carry_out(stage.desktops, StopDesktop(request=2, desktop_id=D1, wipe=True))).ok
    assert (await carry_out(stage.desktops, ListDesktops(request=3))).desktops == []


async def test_orders_about_one_desktop_wait_for_each_other_and_others_do_not(stage: Stage) -> None:
    stage.runtime.gate.clear()
    first = asyncio.create_task(stage.desktops.start(order("d1")))
    second = asyncio.create_task(stage.desktops.start(order("d1")))
    ending = asyncio.create_task(stage.desktops.stop(D1, wipe=True))
    await until(lambda: stage.runtime.starting == 1)
    assert await stage.desktops.stop(D2, wipe=True) == Down()
    stage.runtime.gate.set()
    assert await first == await second == Up("/desktops/d1/vnc.sock")
    assert await ending == Down()
    assert len(stage.runtime.units) == 1
    assert stage.desktops.seen() == []


async def test_starts_at_once_are_bounded(folder: Path) -> None:
    stage = await Stage(folder, capacity=20, starts_at_once=2).open()
    stage.runtime.gate.clear()
    starts = [asyncio.create_task(stage.desktops.start(order(f"d{number}"))) for number in range(10)]
    await until(lambda: stage.runtime.starting == 2)
    stage.runtime.gate.set()
    assert all(isinstance(outcome, Up) for outcome in await asyncio.gather(*starts))
    assert stage.runtime.most_starting == 2
    await stage.desktops.close()
    stage.homes.close()


async def test_there_are_never_more_desktops_than_places_even_while_they_start(stage: Stage) -> None:
    outcomes = await asyncio.gather(*(stage.desktops.start(order(f"d{number}")) for number in range(6)))
    assert sum(isinstance(outcome, Up) for outcome in outcomes) == 3
    assert stage.desktops.count_running() == 3


async def test_a_failed_start_leaves_nothing_and_frees_its_place(stage: Stage) -> None:
    stage.runtime.fault = "no display"
    for _ in range(5):
        assert await stage.desktops.start(order("d1", home_key="u1")) == Fault("no display")
        assert await stage.desktops.start(order("d2")) == Fault("no display")
    assert stage.fresh() == []
    stage.runtime.fault = None
    assert isinstance(await stage.desktops.start(order("d3", home_key="u1")), Up)


async def test_a_cancelled_start_leaves_nothing(stage: Stage) -> None:
    stage.runtime.gate.clear()
    start = asyncio.create_task(stage.desktops.start(order("d1")))
    await until(lambda: stage.runtime.starting == 1)
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    stage.runtime.gate.set()
    assert stage.fresh() == []
    assert isinstance(await stage.desktops.start(order("d1")), Up)


async def test_a_desktop_with_another_password_is_ended_and_started_anew(stage: Stage) -> None:
    await stage.desktops.start(order("d1"))
    (stage.runtime.units[0].plan.home_dir / "left").touch()
    await stage.desktops.start(order("d1", password="87654321"))
    first, second = stage.runtime.units
    assert not first.is_running()
    assert second.is_running()
    assert second.plan.password.reveal() == "87654321"
    assert not (second.plan.home_dir / "left").exists()


async def test_a_desktop_that_died_is_not_running_leaves_nothing_and_may_start_again(stage: Stage) -> None:
    await stage.desktops.start(order("d1"))
    (stage.runtime.units[0].plan.home_dir / "left").touch()
    stage.runtime.units[0].die()
    assert stage.desktops.seen() == [DesktopSeen(desktop_id=D1, is_running=False)]
    assert stage.desktops.count_running() == 0
    await until(lambda: stage.desktops.seen() == [] and stage.fresh() == [] and stage.socket_folders() == [])
    assert isinstance(await stage.desktops.start(order("d1")), Up)


async def test_one_kept_home_serves_one_desktop_at_a_time(stage: Stage) -> None:
    await stage.desktops.start(order("d1", home_key="u1"))
    assert await stage.desktops.start(order("d2", home_key="u1")) == Fault("another desktop uses this home")
    await stage.desktops.stop(D1, wipe=True)
    assert isinstance(await stage.desktops.start(order("d2", home_key="u1")), Up)


async def test_a_stop_without_wiping_keeps_the_fresh_home_until_the_next_word(stage: Stage) -> None:
    await stage.desktops.start(order("d1"))
    await stage.desktops.stop(D1, wipe=False)
    assert len(stage.fresh()) == 1
    await stage.desktops.stop(D1, wipe=True)
    assert stage.fresh() == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\x00b", "A", "あ", "-a", "a" * 64, "a\n"])
async def test_an_id_that_is_no_name_never_becomes_a_path(stage: Stage, name: str) -> None:
    assert isinstance(await stage.desktops.start(order(name)), Fault)
    assert isinstance(await stage.desktops.stop(DesktopId(name), wipe=True), Fault)
    assert stage.socket_folders() == []


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../x", "u/../../x", "/etc", "u1\x00", ".hidden", "U", "u" * 129, "u\n"]
)
async def test_a_home_key_that_is_no_name_never_becomes_a_path(stage: Stage, key: str) -> None:
    assert isinstance(await stage.desktops.start(order("d1", home_key=key)), Fault)
    assert list((stage.folder / "homes/persistent").iterdir()) == []


async def test_only_zones_of_this_agent_are_served(stage: Stage) -> None:
    assert isinstance(await stage.desktops.start(order("d1", zone="internet")), Fault)
    assert isinstance(await stage.desktops.start(order("d1", zone="..")), Fault)


async def test_a_label_carries_no_control_characters(stage: Stage) -> None:
    await stage.desktops.start(order("d1", label="LGWAN\x1b]0;\x00接続系\n" + "長" * 100))
    label = stage.runtime.units[0].plan.zone_label
    assert label.startswith("LGWAN]0;接続系長")
    assert len(label) == 64


async def test_a_socket_path_that_is_too_long_is_a_clear_fault(stage: Stage) -> None:
    outcome = await stage.desktops.start(order("d" * 40, zone="lgwan"))
    deep = await Stage(stage.folder / ("x" * 60)).open()
    refused = await deep.desktops.start(order("d" * 63))
    assert isinstance(outcome, Up)
    assert isinstance(refused, Fault)
    assert "107 bytes" in refused.fault
    assert deep.fresh() == []
    deep.homes.close()


async def test_a_home_that_a_desktop_made_hard_to_remove_is_removed(stage: Stage) -> None:
    await stage.desktops.start(order("d1"))
    home = stage.runtime.units[0].plan.home_dir
    outside = stage.folder / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (home / "link").symlink_to(outside)
    closed = home / "closed"
    closed.mkdir()
    (closed / "file").touch()
    closed.chmod(0)
    here = os.open(home, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)  # deeper than any path may be long
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    assert await stage.desktops.stop(D1, wipe=True) == Down()
    assert stage.fresh() == []
    assert (outside / "precious").exists()


async def test_what_an_earlier_agent_left_is_cleared_and_kept_homes_stay(folder: Path) -> None:
    earlier = await Stage(folder).open()
    await earlier.desktops.start(order("d1"))
    await earlier.desktops.start(order("d2", home_key="u1"))
    (earlier.runtime.units[1].plan.home_dir / "work").touch()
    zone = (folder / "sockets/lgwan").stat().st_ino
    earlier.homes.close()
    later = await Stage(folder).open()
    assert later.fresh() == []
    assert later.socket_folders() == []
    assert (folder / "homes/persistent/u1/work").exists()
    assert (folder / "sockets/lgwan").stat().st_ino == zone
    later.homes.close()


async def test_two_agents_do_not_share_homes(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="another agent"):
        await Homes(stage.folder / "homes", None).open()


async def test_a_new_home_is_made_from_the_skeleton_and_a_kept_one_only_once(folder: Path) -> None:
    skeleton = folder / "skeleton"
    (skeleton / "Desktop").mkdir(parents=True)
    (skeleton / "Desktop" / "readme.txt").write_text("ようこそ")
    stage = await Stage(folder, skeleton=skeleton).open()
    await stage.desktops.start(order("d1", home_key="u1"))
    await stage.desktops.start(order("d2"))
    for unit in stage.runtime.units:
        assert (unit.plan.home_dir / "Desktop/readme.txt").read_text() == "ようこそ"
    (stage.runtime.units[0].plan.home_dir / "Desktop/readme.txt").write_text("mine")
    await stage.desktops.stop(D1, wipe=True)
    await stage.desktops.start(order("d1", home_key="u1"))
    assert (stage.runtime.units[-1].plan.home_dir / "Desktop/readme.txt").read_text() == "mine"
    await stage.desktops.close()
    stage.homes.close()
