"""Nothing of a desktop stays on the device: a canary in five places, a real Chromium, every trick, then a search."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.city import City, office_staff, running_city
from tests.flows.staff import Staff, share_changed
from tests.separation.leak.desktop import new_canaries, place_canaries
from tests.separation.leak.device import Device, new_device
from tests.separation.leak.needles import encode_all
from tests.separation.leak.pictures import Original, Picture
from tests.separation.leak.traces import Find, Search
from tests.separation.leak.tricks import ALL, BRIEF, Scene
from tests.separation.ledger import IS_FULL, Ledger

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(900)]

IN_TERMINAL = (0.3, 0.5)
_BETWEEN_CLICKS_MS = 600
_CURSOR = 0.005
"""The pointer may stand elsewhere than before."""

ACCEPTED: dict[str, str] = {}
"""Finds that the threat model names, by the beginning of their text, with the reason."""


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with tempfile.TemporaryDirectory(prefix="city") as folder, running_city(Path(folder) / "c") as started:
        yield started


async def test_nothing_of_a_desktop_stays_on_the_device(city: City, ledger: Ledger) -> None:
    canaries = new_canaries()
    search = Search(needles={place: encode_all(canary) for place, canary in canaries.items()})
    checks, finds, took_s = 0, [], {}
    async with new_device() as device:
        context = await device.start()
        staff = Staff(city, context, context.pages[0], office_staff()[-1])
        await staff.enrol()
        session = await staff.open("lgwan-desktop")
        await place_canaries(city, staff, canaries)
        await staff.click_at(*IN_TERMINAL)
        shown = await staff.see_resting()
        search.original = Original(shown)
        scene = Scene(staff=staff, device=device, session=session)
        for trick in ALL if IS_FULL else BRIEF:
            began = time.monotonic()
            await wait_for_picture(scene, shown)
            await trick(scene)
            finds += [f"{find} ({trick.__name__})" for find in look(search, scene, device)]
            took_s[trick.__name__] = round(time.monotonic() - began, 1)
            checks += search.encodings()
        await device.close()
        finds += [f"{find} (after the browser has ended)" for find in look(search, scene, device)]
        checks += search.encodings()
    named = [find for find in finds if any(find.startswith(begin) for begin in ACCEPTED)]
    unnamed = [find for find in finds if find not in named]
    ledger.record(
        "leak", "chromium", paths=checks, finds=unnamed, accepted=named, tricks=took_s, files=search.files,
        layers=search.layers, images=search.images, bytes_searched=search.bytes_read,
    )  # fmt: skip
    assert unnamed == []
    assert search.files > 100, "a profile has more files than that"
    assert search.images > 0, "the search has not met a single image, not even its own blank preview"


async def wait_for_picture(scene: Scene, shown: Picture) -> None:
    """Each trick is played while the canary is on the screen; else it would prove nothing."""
    give_up_at = time.monotonic() + 60
    while True:
        await scene.staff.click_at(*IN_TERMINAL)  # takes the focus back, lets go of the button, clears what was marked
        await scene.page.wait_for_timeout(_BETWEEN_CLICKS_MS)
        if share_changed(shown, await scene.staff.see()) < _CURSOR:
            return
        assert time.monotonic() < give_up_at, "the canary is no longer on the screen"


def look(search: Search, scene: Scene, device: Device) -> list[str]:
    """Everything that the device holds now."""
    found: list[Find] = search.look_in_folders(device.folders())
    found += [find for path in device.left_in_shared_memory() for find in search.look_in_file(path)]
    found += search.look_in_memory(device.pids())
    found += [find for text in scene.texts for find in search.look_in(text, "in the person's hands")]
    told, scene.finds = scene.finds, []
    return told + [f"{find.place} as {find.encoding} in {find.where}" for find in found]
