"""Chromium in a real desktop: its own sandbox is on, its pages have nothing, and what it is told holds."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from broker.model.ids import DesktopId
from broker.secret import Secret
from broker.wire.messages import BrowserRules
from pools.agent.runtime import DesktopPlan, SandboxRuntime, SandboxUnit
from pools.agent.settings import RuntimeSettings
from pools.sandbox import account_here
from tests.broker.link.fakes import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
DESKTOP = DesktopId("chromium-1")


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[SandboxUnit]:
    """A virtual browser, started as an agent starts it."""
    settings = RuntimeSettings(cache_dir=str(tmp_path / "cache"), log_dir=str(tmp_path / "log"))
    runtime = await SandboxRuntime.prepare(settings, lambda desktop_id, report: None)
    (tmp_path / "home").mkdir()
    started = await runtime.start(
        DesktopPlan(
            desktop_id=DESKTOP,
            zone_id="internet_zone",
            zone_label="インターネット接続系",
            home_dir=tmp_path / "home",
            socket_dir=tmp_path / "sockets",
            account=account_here(DESKTOP),
            password=Secret("Abcdef12"),
            egress_dir=tmp_path / "egress",
            browser=BrowserRules(allowed_destinations=("www.example.lg.jp", "*.example.jp:8443"), homepage=""),
        )
    )
    assert isinstance(started, SandboxUnit), started
    yield started
    running = chromiums(started)
    await started.stop()
    await until(lambda: not any(process.is_running() for process in running), 10)


def chromiums(unit: SandboxUnit, kind: str = "") -> list[psutil.Process]:
    """This desktop's Chromium processes, of one kind."""
    try:
        inside = psutil.Process(unit._running.process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    found: list[psutil.Process] = []
    for process in inside:
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if line and line[0].endswith("/chromium") and (not kind or f"--type={kind}" in line):
            found.append(process)
    return found


def namespaces(pid: int) -> dict[str, str]:
    return {name: str(Path(f"/proc/{pid}/ns/{name}").readlink()) for name in ("user", "pid", "net")}


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def test_every_page_is_shut_in_by_chromium_itself_and_the_whole_by_us(unit: SandboxUnit) -> None:
    await until(lambda: bool(chromiums(unit, "renderer")), 60)
    browser = next(process for process in chromiums(unit) if not any("--type=" in part for part in process.cmdline()))
    assert not any("--no-sandbox" in part for process in chromiums(unit) for part in process.cmdline())
    page = chromiums(unit, "renderer")[0].pid
    await until(lambda: status_of(page).get("Seccomp") == "2", 20)
    ours, its, hosts = namespaces(browser.pid), namespaces(page), namespaces(os.getpid())
    for name in ("user", "pid", "net"):
        assert len({ours[name], its[name], hosts[name]}) == 3, name
    assert status_of(page)["CapEff"].strip("0") == ""
    if os.geteuid() == 0:
        assert browser.uids().real != 0


async def test_its_policies_and_its_way_out_are_in_place(unit: SandboxUnit) -> None:
    await until(lambda: bool(chromiums(unit)), 60)
    root = Path(f"/proc/{chromiums(unit)[0].pid}/root")
    told = json.loads(await asyncio.to_thread((root / "etc/chromium/policies/managed/sekisho.json").read_bytes))
    assert told["URLBlocklist"][0] == "*"
    assert set(told["URLAllowlist"]) == {
        "http://*", "http://.www.example.lg.jp:80", "https://.www.example.lg.jp:443",
        "http://example.jp:8443", "https://example.jp:8443",
    }  # fmt: skip
    assert told["ProxySettings"]["ProxyBypassList"] == "<-loopback>"
    for name, value in {
        "DownloadRestrictions": 3, "AllowFileSelectionDialogs": False, "PrintingEnabled": False,
        "DeveloperToolsAvailability": 2, "PasswordManagerEnabled": False, "IncognitoModeAvailability": 1,
    }.items():  # fmt: skip
        assert told[name] == value
    network = Path(f"/proc/{chromiums(unit)[0].pid}/net/dev")
    lines = (await asyncio.to_thread(network.read_text)).splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == ["lo"]
