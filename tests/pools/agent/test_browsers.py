"""Virtual browsers as the agent holds them, and the settings of their way out."""

from pathlib import Path

import msgspec
import pytest

from broker.errors import ConfigurationError
from broker.model.ids import DesktopId
from broker.wire.messages import BrowserRules, SetDestinations
from pools.agent.orders import carry_out
from pools.agent.runtime import SandboxRuntime
from pools.agent.settings import EgressSettings, RuntimeSettings, egress_order, load_agent_settings
from pools.sandbox import SandboxLimits, new_password
from tests.pools.agent.stage import Stage, order

D1 = DesktopId("d1")
RULES = BrowserRules(allowed_destinations=("a.example.jp",), homepage="")


async def test_a_browser_starts_with_its_list_and_gets_a_new_one_while_it_runs(stage: Stage) -> None:
    assert (await carry_out(stage.desktops, msgspec.structs.replace(order("d1"), browser=RULES))).ok
    unit = stage.runtime.units[0]
    assert unit.destinations == ("a.example.jp",)
    changed = SetDestinations(request=2, desktop_id=D1, allowed_destinations=("b.example.jp",))
    assert (await carry_out(stage.desktops, changed)).ok
    assert unit.destinations == ("b.example.jp",)


async def test_a_list_for_a_desktop_that_is_not_here_is_a_fault(stage: Stage) -> None:
    answer = await carry_out(stage.desktops, SetDestinations(request=1, desktop_id=D1, allowed_destinations=()))
    assert (answer.ok, answer.fault) == (False, "the desktop does not run here")


async def test_guacd_never_sees_the_folder_of_the_way_out(stage: Stage) -> None:
    await stage.desktops.start(msgspec.structs.replace(order("d1"), browser=RULES))
    plan = stage.runtime.units[0].plan
    assert plan.egress_dir == stage.folder / "sockets/.egress/d1"
    assert "lgwan" not in plan.egress_dir.parts
    plan.egress_dir.mkdir(parents=True)
    await stage.desktops.stop(D1, wipe=True)
    assert not plan.egress_dir.exists()


async def test_a_home_that_is_kept_is_never_memory(stage: Stage) -> None:
    await stage.desktops.start(order("d1", home_key="k1"))
    await stage.desktops.start(order("d2"))
    assert [unit.plan.keeps_home for unit in stage.runtime.units] == [True, False]
    settings = RuntimeSettings(cache_dir="c", log_dir="l", limits=SandboxLimits(home_bytes=1 << 20))
    runtime = SandboxRuntime(settings, stage.folder, lambda desktop_id, report: None)
    plans = [msgspec.structs.replace(unit.plan, password=new_password()) for unit in stage.runtime.units]
    assert [runtime.sandbox_of(plan).limits.home_bytes for plan in plans] == [0, 1 << 20]


def settings_file(folder: Path, egress: str) -> Path:
    file = folder / "agent.toml"
    file.write_text(f"""
        agent_id = "ag1"
        wire_socket = "w"
        key_file = "k"
        zones = ["internet_zone"]
        capacity = 3
        homes_dir = "h"
        sockets_dir = "s"
        [runtime]
        cache_dir = "c"
        log_dir = "l"
        [runtime.egress]
        {egress}
    """)
    return file


def test_the_way_out_is_set_for_the_host(tmp_path: Path) -> None:
    file = settings_file(
        tmp_path,
        'parent = "proxy.example.lg.jp:8080"\nopen_ranges = ["10.9.0.0/24"]\nclosed_ranges = ["203.0.113.0/24"]\n'
        'contact = "情報政策課"\n[runtime.egress.names]\n"a.example.jp" = ["10.9.0.1"]',
    )
    told = egress_order(load_agent_settings(file).runtime.egress, ("a.example.jp",))
    assert told.parent == "proxy.example.lg.jp:8080"
    assert told.names == {"a.example.jp": ("10.9.0.1",)}
    assert (told.open_ranges, told.closed_ranges) == (("10.9.0.0/24",), ("203.0.113.0/24",))


@pytest.mark.parametrize(
    "egress, said",
    [
        ('parent = "proxy"', "'proxy' is no host:port"),
        ('parent = "http://proxy:8080"', "no host:port"),
        ('open_ranges = ["10.0.0.1/8"]', "10.0.0.1/8"),
        ('closed_ranges = ["somewhere"]', "somewhere"),
        ('allowed = ["x"]', "unknown field"),
    ],
)
def test_what_cannot_hold_stops_the_start_with_its_path(tmp_path: Path, egress: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"egress.*{said}|{said}.*egress"):
        load_agent_settings(settings_file(tmp_path, egress))


def test_nothing_private_is_open_by_itself() -> None:
    assert egress_order(EgressSettings(), ()).open_ranges == ()
