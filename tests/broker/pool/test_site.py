"""Settings into rows: once, again, changed, and refused."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from broker.errors import ConfigurationError
from broker.lifecycle.desktop import DesktopState
from broker.model.kinds import Mode, PoolApplication, PoolKind, Role
from broker.pool.credentials import open_credential
from broker.pool.desired_rules import read_desired_rules
from broker.settings import SiteSettings
from tests.broker.city import SEALING, City
from tests.factories import CITY, HOSTS, SHARED, an_actor


def site(folder: Path, **changes: Any) -> SiteSettings:
    """A site with a shared pool and two registered hosts; ``changes`` by dotted path within its tenant."""
    password = folder / "host.password"
    if not password.exists():
        password.write_text("himitsu\n")
        password.chmod(0o600)
    tenant: dict[str, Any] = {
        "id": CITY,
        "name_ja": "港市",
        "name_en": "Minato City",
        "hostnames": ["Desk.Minato.test"],
        "directory": {
            "url": "ldaps://dc.test",
            "ca_file": "ca.pem",
            "bind_dn": "cn=sekisho",
            "bind_password_file": "ldap.password",
            "user_base": "ou=people",
        },
        "zones": [{"id": "lgwan", "name_ja": "LGWAN接続系", "name_en": "LGWAN"}],
        "pools": [
            {
                "id": SHARED,
                "zone": "lgwan",
                "name_ja": "共有",
                "name_en": "Shared",
                "kind": "floating",
                "provider": "local",
                "protocol": "vnc",
                "entitled_groups": ["telework-users"],
                "target_ready": 1,
                "max_size": 3,
            },
            {
                "id": HOSTS,
                "zone": "lgwan",
                "name_ja": "業務端末",
                "name_en": "Hosts",
                "kind": "floating",
                "provider": "static",
                "protocol": "rdp",
                "entitled_groups": ["telework-users"],
                "parameters": {"ignore-cert": "true"},
                "desktops": [
                    {
                        "name": "pc-1",
                        "host": "pc-1.test",
                        "port": 3389,
                        "username": "taro",
                        "password_file": str(password),
                    },
                    {"name": "pc-2", "host": "pc-2.test", "port": 3389},
                ],
            },
        ],
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        target: Any = tenant
        for parent in parents:
            target = target[int(parent) if parent.isdigit() else parent]
        target[last] = value
    return msgspec.convert({"data_dir": str(folder), "tenants": [tenant]}, SiteSettings)


async def test_a_site_is_written_once_and_then_left_alone(empty: City, tmp_path: Path) -> None:
    assert await empty.pools.apply_site(site(tmp_path)) == 6
    before = await empty.audit()
    assert await empty.pools.apply_site(site(tmp_path)) == 0
    assert await empty.audit() == before
    async with empty.store.read() as tx:
        tenant = await tx.people.find_tenant_by_hostname("desk.minato.test")
        pool = await tx.pools.get_pool(CITY, HOSTS)
    assert tenant is not None
    assert pool is not None
    assert (pool.guacd_group, pool.max_size, pool.kind) == ("lgwan", 2, PoolKind.FLOATING)


async def test_accounts_of_hosts_are_sealed(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    by_name = {desktop.name: desktop for desktop in await empty.desktops(HOSTS)}
    credential = open_credential(SEALING, by_name["pc-1"])
    assert {name: secret.reveal() for name, secret in credential.items()} == {"username": "taro", "password": "himitsu"}
    assert open_credential(SEALING, by_name["pc-2"]) == {}
    sealed = by_name["pc-1"].credential
    assert sealed is not None
    assert b"himitsu" not in sealed.blob
    assert "himitsu" not in str(await empty.audit())


async def test_a_changed_password_is_sealed_again(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    (tmp_path / "host.password").write_text("atarashii\n")
    assert await empty.pools.apply_site(site(tmp_path)) == 1
    desktop = next(desktop for desktop in await empty.desktops(HOSTS) if desktop.name == "pc-1")
    assert open_credential(SEALING, desktop)["password"].reveal() == "atarashii"


async def test_a_change_is_noted_with_its_fields(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    changed = site(
        tmp_path, pools__0__target_ready=2, pools__0__name_ja="共有デスクトップ", name_en="Minato", mode="maintenance"
    )
    assert await empty.pools.apply_site(changed) == 2
    record = (await empty.audit("pool.changed"))[-1]
    assert (record.subject, record.detail) == (f"pool:{SHARED}", {"fields": "name_ja,target_ready"})
    async with empty.store.read() as tx:
        tenant = await tx.people.get_tenant(CITY)
    assert tenant is not None
    assert tenant.name_en == "Minato"
    assert tenant.mode is Mode.NORMAL, "the mode is the IT desk's to say, not the file's"


async def test_a_pool_that_the_it_desk_closed_stays_closed(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    await empty.pools.set_open(an_actor(Role.POOL_ADMIN), SHARED, False, "点検")
    assert await empty.pools.apply_site(site(tmp_path)) == 0
    async with empty.store.read() as tx:
        pool = await tx.pools.get_pool(CITY, SHARED)
    assert pool is not None
    assert not pool.is_open


async def test_a_host_that_is_no_longer_named_is_retired_and_can_come_back(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    await empty.settle()
    without = site(tmp_path, pools__1__desktops=[{"name": "pc-1", "host": "pc-1.test", "port": 3389}])
    await empty.pools.apply_site(without)
    await empty.settle()
    assert {d.name: d.state for d in await empty.desktops(HOSTS)} == {
        "pc-1": DesktopState.READY,
        "pc-2": DesktopState.RETIRED,
    }
    await empty.pools.apply_site(site(tmp_path))
    await empty.settle()
    ready = [d.name for d in await empty.desktops(HOSTS) if d.state is DesktopState.READY]
    assert ready == ["pc-1", "pc-2"]


async def test_made_desktops_are_never_retired_by_the_settings(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path))
    await empty.settle()
    await empty.pools.apply_site(site(tmp_path))
    assert [d.state for d in await empty.desktops(SHARED)] == [DesktopState.READY]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown zone": ({"pools__0__zone": "nowhere"}, "tenants.minato.pools.lgwan-shared.zone"),
    "an unknown provider": ({"pools__0__provider": "cloud"}, "provider 'cloud'; there are: local, static"),
    "hosts where desktops are made": (
        {"pools__0__desktops": [{"name": "pc", "host": "pc.test", "port": 1}]},
        "makes its own desktops",
    ),
    "more spares than desktops": ({"pools__0__target_ready": 4}, "target_ready: 4 is more than max_size 3"),
    "a drive": ({"pools__1__parameters": {"enable-drive": "true"}}, "parameters.enable-drive"),
    "a recording": ({"pools__1__parameters": {"recording-path": "/tmp"}}, "parameters.recording-path"),
    "a loosened restriction": ({"pools__1__parameters": {"disable-copy": "false"}}, "parameters.disable-copy"),
    "a port that is none": ({"pools__1__desktops__0__port": 70_000}, "70000 is not a port"),
    "an id that is a path": ({"pools__0__id": "../etc"}, "must be lower-case letters"),
    "an id twice": ({"pools__0__id": HOSTS}, "is there twice"),
    "a password file that is not there": ({"pools__1__desktops__0__password_file": "gone"}, "can't be read"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_work_is_refused_with_its_path_and_nothing_is_written(
    empty: City, tmp_path: Path, case: str
) -> None:
    changes, message = REFUSED[case]
    with pytest.raises(ConfigurationError, match=message):
        await empty.pools.apply_site(site(tmp_path, **changes))
    async with empty.store.read() as tx:
        assert await tx.people.list_tenants() == []


def test_the_tenant_or_the_pool_alone_has_the_picture_covered(tmp_path: Path) -> None:
    def covered(**changes: Any) -> list[bool]:
        settings = site(tmp_path, **changes)
        pools = read_desired_rules(settings, settings.tenants[0]).pools
        return [pool.grants.cover_unfocused for pool in pools]

    assert covered() == [False, False]
    assert covered(cover_unfocused=True) == [True, True]
    assert covered(pools__0__grants={"cover_unfocused": True}) == [True, False]


@pytest.mark.parametrize("limit", [0, -1, 262_145])
def test_a_clipboard_limit_that_can_not_hold_is_refused_with_its_path(tmp_path: Path, limit: int) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.tenants\[0\]\.pools\[0\]\.grants\.clipboard_max_bytes"):
        site(tmp_path, pools__0__grants={"clipboard_in": True, "clipboard_max_bytes": limit})


BROWSER: dict[str, Any] = {
    "zones__0__baseline_kind": "internet_zone",
    "pools__0__application": "browser",
    "pools__0__allowed_destinations": ["www.example.lg.jp", "*.例え.jp"],
    "pools__0__homepage": "https://www.example.lg.jp/",
}


async def test_a_virtual_browser_is_kept_with_its_list_and_a_change_is_noted(empty: City, tmp_path: Path) -> None:
    await empty.pools.apply_site(site(tmp_path, **BROWSER))
    assert await empty.pools.apply_site(site(tmp_path, **BROWSER)) == 0
    async with empty.store.read() as tx:
        pool = await tx.pools.get_pool(CITY, SHARED)
    assert pool is not None
    assert pool.application is PoolApplication.BROWSER
    assert pool.allowed_destinations == ("www.example.lg.jp", "*.例え.jp")
    fewer = BROWSER | {"pools__0__allowed_destinations": ["www.example.lg.jp"]}
    assert await empty.pools.apply_site(site(tmp_path, **fewer)) == 1
    assert (await empty.audit("pool.changed"))[-1].detail["fields"] == "allowed_destinations"


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"pools__0__allowed_destinations": ["*"]}, r"pools\.lgwan-shared\.allowed_destinations\[0\]: '\*'"),
        ({"zones__0__baseline_kind": "lgwan"}, r"pools\.lgwan-shared\.zone: .* way out"),
        ({"pools__0__homepage": "https://news.example/"}, r"pools\.lgwan-shared\.homepage"),
    ],
)
async def test_a_virtual_browser_that_cannot_hold_leaves_the_running_one(
    empty: City, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    await empty.pools.apply_site(site(tmp_path, **BROWSER))
    with pytest.raises(ConfigurationError, match=said):
        await empty.pools.apply_site(site(tmp_path, **BROWSER | changes))
    assert await empty.pools.apply_site(site(tmp_path, **BROWSER)) == 0
