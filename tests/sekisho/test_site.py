"""A site is checked before anything starts, and its first start makes every peer a key of its own."""

from pathlib import Path
from typing import Any

import pytest

from broker.errors import ConfigurationError
from broker.link.keys import load_keys
from broker.settings import SiteSettings, msgspec_convert
from sekisho.site import check_site, prepare_data_dir

TENANT: dict[str, Any] = {
    "id": "hinode",
    "name_ja": "日の出市",
    "name_en": "Hinode",
    "hostnames": ["localhost"],
    "pools": [],
    "zones": [{"id": "lgwan", "name_ja": "LGWAN接続系", "name_en": "LGWAN"}],
    "directory": {
        "url": "ldaps://directory",
        "ca_file": "ca.pem",
        "bind_dn": "cn=service",
        "bind_password_file": "bind.password",
        "user_base": "dc=example",
    },
}


def site(folder: Path, *, zone: str = "lgwan", second_key: str = "keys/gw2.key") -> SiteSettings:
    wire = {
        "gateways": [
            {"id": "gw1", "zones": [zone], "key_file": "keys/gw1.key"},
            {"id": "gw2", "zones": [zone], "key_file": second_key},
        ],
        "agents": [{"id": "ag1", "zones": [zone], "key_file": "keys/ag1.key"}],
    }
    return msgspec_convert({"data_dir": str(folder), "tenants": [TENANT], "wire": wire}, folder / "site.toml")


def test_the_first_start_makes_every_peer_a_key_and_the_next_leaves_it(tmp_path: Path) -> None:
    settings = site(tmp_path)
    check_site(settings)
    prepare_data_dir(settings)
    made = load_keys(settings)
    assert [peer.name for peer in (*made.gateways, *made.agents)] == ["gw1", "gw2", "ag1"]
    assert len({peer.key.reveal() for peer in (*made.gateways, *made.agents)}) == 3
    assert (tmp_path / "keys/gw2.key").stat().st_mode & 0o777 == 0o600
    prepare_data_dir(settings)
    assert load_keys(settings) == made


def test_two_peers_with_one_key_file_stop_the_start(tmp_path: Path) -> None:
    settings = site(tmp_path, second_key="keys/gw1.key")
    prepare_data_dir(settings)
    with pytest.raises(ConfigurationError, match="gateway gw1 and gateway gw2 must not have the same key"):
        load_keys(settings)


def test_a_peer_of_a_zone_that_nobody_has_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\$\.wire\.gateways: gw1 serves \['lgwam'\]"):
        check_site(site(tmp_path, zone="lgwam"))
