"""A desktop as a person uses it: through guacd, by keys, in Japanese."""

import shutil
from importlib import import_module
from pathlib import Path

import pytest

from pools.sandbox import IMAGE, RunningDesktop, start, stop
from sekisho.parts import guacd
from tests.demo.parts import GUACD_ROOT, Guacamole, free_ports, running, write_japanese
from tests.pools.sandbox.factories import make_sandbox

pytestmark = pytest.mark.real


def work(settings: guacd.GuacdSettings, desktop_id: str, written: Path) -> None:
    vnc = {"hostname": guacd.socket_hostname(desktop_id), "port": "5900", "password": "Abcdef12"}
    with running(guacd.command(settings), settings.port), Guacamole(settings.port, "vnc", **vnc) as screen:
        screen.pump_until(lambda: screen.drawn > 0, "the first picture")
        screen.pump_until((written.parent / ".config" / "mozc").exists, "the input method")
        write_japanese(screen, written.name, lambda: written.exists() and written.read_text() == "日本語\n")


async def write_in_a_new_desktop(tmp_path: Path, locale_dir: Path) -> None:
    sandbox = make_sandbox(tmp_path, locale_dir)
    settings = guacd.GuacdSettings(root=GUACD_ROOT, port=free_ports(1)[0], desktops_dir=tmp_path / "desktops")
    guacd.prepare(settings)
    desktop = await start(sandbox, deadline_s=20)
    assert isinstance(desktop, RunningDesktop), desktop
    try:
        work(settings, sandbox.desktop_id, sandbox.home_dir / "one.txt")
    finally:
        await stop(desktop, grace_s=5)


async def test_nihongo_becomes_japanese_in_the_terminal(tmp_path: Path, locale_dir: Path) -> None:
    await write_in_a_new_desktop(tmp_path, locale_dir)


async def test_an_input_method_that_comes_late_is_waited_for(
    tmp_path: Path, locale_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy host it takes its time. A terminal that does not wait writes Latin letters for the rest of its life."""
    image = tmp_path / "image"
    shutil.copytree(IMAGE, image)
    session = (image / "session.sh").read_text()
    assert "keep fcitx5 " in session
    (image / "session.sh").write_text(session.replace("keep fcitx5 ", "keep sh -c 'sleep 7; exec fcitx5 \"$@\"' - "))
    monkeypatch.setattr(import_module("pools.sandbox.command"), "IMAGE", image)
    await write_in_a_new_desktop(tmp_path, locale_dir)
