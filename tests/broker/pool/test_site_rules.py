"""Rules that can't hold are refused with their path and the reason, and the rules in force stay."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ConfigurationError
from broker.model.kinds import DeviceKind
from broker.model.records import Tenant
from broker.pool.desired_rules import notes_on_rules, read_desired_rules
from tests.broker.city import City
from tests.broker.pool.test_site import site
from tests.factories import CITY, SHARED

EXCEPTION: dict[str, Any] = {
    "id": "flood",
    "reason": "庁舎の浸水",
    "author": "s0001",
    "approver": "s0002",
    "ends_on": "2999-03-31",
    "origins": ["internet"],
}
HOURS = {"opens": "08:30:00", "closes": "17:15:00"}


async def tenant_of(city: City) -> Tenant:
    async with city.store.read() as tx:
        tenant = await tx.people.get_tenant(CITY)
    assert tenant is not None
    return tenant


@pytest.mark.parametrize(
    "changes, said",
    [
        (
            {"policy": {"restrictions": {"hours": HOURS | {"closes": "08:00:00"}}}},
            r"restrictions\.hours: opens",
        ),
        (
            {"policy": {"restrictions": {"hours": HOURS | {"closes_for_lunch": True, "lunch_to": "18:00:00"}}}},
            r"hours: lunch",
        ),
        ({"policy": {"restrictions": {"origins": []}}}, r"restrictions\.origins: an empty list"),
        ({"policy": {"restrictions": {"days_per_week": 8}}}, r"days_per_week: 8"),
        ({"policy": {"restrictions": {"max_sessions": 0}}}, r"max_sessions: 0"),
        ({"policy": {"restrictions": {"origins": ["internet"]}}}, r"pools\.lgwan-shared\.origins: office is refused"),
        (
            {"policy": {"calendar": {"closed_days": ["2026-04-01"], "open_days": ["2026-04-01"]}}},
            r"calendar: 2026",
        ),
        ({"policy": {"exceptions": [EXCEPTION | {"approver": "S0001"}]}}, r"exceptions\.flood\.approver: nobody"),
        ({"policy": {"exceptions": [EXCEPTION | {"reason": " "}]}}, r"exceptions\.flood\.reason: is empty"),
        ({"policy": {"exceptions": [EXCEPTION | {"reason": "洪水\x1b[2J"}]}}, r"reason: holds control"),
        ({"policy": {"exceptions": [EXCEPTION | {"ends_on": "2020-03-31"}]}}, r"ends_on: 2020-03-31 is in the past"),
        ({"policy": {"exceptions": [EXCEPTION | {"origins": []}]}}, r"exceptions\.flood: it loosens nothing"),
        ({"policy": {"exceptions": [EXCEPTION | {"outside_hours": True}]}}, r"outside_hours"),
        ({"policy": {"exceptions": [EXCEPTION | {"for_mode": "maintenance"}]}}, r"for_mode"),
        ({"policy": {"exceptions": [EXCEPTION | {"pools": ["gone"]}]}}, r"no pool 'gone'"),
        ({"policy": {"exceptions": [EXCEPTION | {"zones": ["gone"]}]}}, r"no zone 'gone'"),
        ({"policy": {"exceptions": [EXCEPTION, EXCEPTION]}}, r"flood: is there twice"),
        ({"policy": {"baseline": "1999"}}, r"no baseline '1999'"),
        ({"policy": {"baseline_file": "nowhere.toml"}}, r"nowhere\.toml"),
        ({"pools__0__grants": {"watermark_text": "{name}\u202e"}}, r"grants: a watermark is set up in"),
        (
            {"zones__0__baseline_kind": "resident", "pools__0__origins": ["internet"]},
            r"internet is refused",
        ),
        ({"time_zone": "Asia/Atlantis"}, r"time_zone: there is no"),
    ],
)
async def test_rules_that_cannot_hold_are_refused_and_the_running_ones_stay(
    empty: City, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    await empty.pools.apply_site(site(tmp_path))
    before = await tenant_of(empty)
    with pytest.raises(ConfigurationError, match=said):
        await empty.pools.apply_site(site(tmp_path, **changes))
    assert await tenant_of(empty) == before


async def test_what_the_baseline_stops_may_be_written_and_waits_for_an_exception(empty: City, tmp_path: Path) -> None:
    """Two people approve exceptions in the console, which no file knows."""
    wished = site(tmp_path, pools__0__grants={"clipboard_out": True})
    await empty.pools.apply_site(wished)
    (note,) = notes_on_rules(read_desired_rules(wished, wished.tenants[0]))
    assert note.path.endswith(f"pools.{wished.tenants[0].pools[0].id}.grants.clipboard_out")
    recorded = EXCEPTION | {"origins": [], "grants": ["clipboard_out"]}
    both = site(tmp_path, pools__0__grants={"clipboard_out": True}, policy={"exceptions": [recorded]})
    assert notes_on_rules(read_desired_rules(both, both.tenants[0])) == []


async def test_an_exception_is_in_the_audit_with_both_people_and_may_end_without_stopping_a_start(
    empty: City, tmp_path: Path
) -> None:
    async with empty.store.read() as tx:
        today = tx.now.date()
    ends_soon = EXCEPTION | {"ends_on": (today + timedelta(days=1)).isoformat()}
    excepted = site(tmp_path, policy={"exceptions": [ends_soon]})
    await empty.pools.apply_site(excepted)
    record = (await empty.audit("exception.recorded"))[-1]
    assert record.subject == "exception:flood"
    assert {"author": "s0001", "approver": "s0002", "reason": "庁舎の浸水"}.items() <= record.detail.items()
    empty.pass_time(5 * 86400)
    assert await empty.pools.apply_site(excepted) == 0
    await empty.pools.apply_site(site(tmp_path))
    assert (await empty.audit("exception.withdrawn"))[-1].subject == "exception:flood"


async def test_only_lent_devices_are_let_in_unless_the_tenant_chooses(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    assert (await tenant_of(empty)).rules.restrictions.devices == frozenset({DeviceKind.MANAGED})
    await empty.pools.apply_site(site(tmp_path, policy={"restrictions": {"devices": ["managed", "byod"]}}))
    assert (await tenant_of(empty)).rules.restrictions.devices == frozenset({DeviceKind.MANAGED, DeviceKind.BYOD})


async def test_the_rules_of_a_pool_are_kept_with_it(empty: City, tmp_path: Path) -> None:
    wanted = {"step_up_s": 600, "hours": HOURS}
    await empty.pools.apply_site(site(tmp_path, pools__0__restrictions=wanted, pools__0__is_priority=True))
    async with empty.store.read() as tx:
        pool = await tx.pools.get_pool(CITY, SHARED)
    assert pool is not None
    assert pool.is_priority
    assert pool.restrictions.step_up_s == 600
    assert pool.restrictions.hours is not None
    assert await empty.pools.apply_site(site(tmp_path, pools__0__restrictions=wanted, pools__0__is_priority=True)) == 0
