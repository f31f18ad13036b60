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


@pytest.mark.parametrize("name", ["gw 192.0.2.1:1 #", "Gw", "gw\n    server x", ""])
def test_a_peer_whose_name_no_certificate_could_carry_stops_the_start(tmp_path: Path, name: str) -> None:
    """It also stands in the configuration of an entrance's proxy as it is."""
    peer = {"id": name, "zones": ["lgwan"], "key_file": "k"}
    document = {"data_dir": str(tmp_path), "tenants": [TENANT], "wire": {"gateways": [peer]}}
    with pytest.raises(ConfigurationError, match=r"\$\.wire\.gateways: .*: an id of a-z"):
        check_site(msgspec_convert(document, tmp_path / "site.toml"))


ENTRANCE: dict[str, Any] = {
    "id": "office",
    "origin": "office",
    "public_url": "https://portal.city.lg.jp",
    "tunnel_url": "wss://portal.city.lg.jp/tunnel",
}
LISTENER = {"host": "10.0.0.5", "port": 8443, "certificate": "b.crt", "key": "b.key", "client_ca": "ca.crt"}
GATEWAY = {"id": "g", "zones": ["lgwan"], "key_file": "k"}
EVERYBODY = [{"ranges": ["0.0.0.0/0"]}]


@pytest.mark.parametrize(
    "changes, path",
    [
        ({"entrances": [ENTRANCE | {"sources": EVERYBODY}]}, r"entrances\[0\].sources\[0\].ranges\[0\]"),
        ({"entrances": [ENTRANCE, ENTRANCE]}, r"entrances\[1\].id"),
        ({"entrances": [ENTRANCE], "entrance_listener": {}}, "entrance_listener"),
        ({"portal": {"host": ""}, "entrance_listener": {}}, "entrances"),
        ({"entrance_listener": {"host": "10.0.0.5", "port": 8443}}, "entrance_listener"),
        ({"wire": {"host": "10.0.0.5"}}, "wire"),
        (
            {"wire": {"gateways": [GATEWAY | {"entrance": "nowhere"}]}, "entrance_listener": {}},
            r"wire.gateways\[0\].entrance",
        ),
    ],
)
def test_entrances_that_can_not_hold_stop_the_start_with_their_path(
    tmp_path: Path, changes: dict[str, Any], path: str
) -> None:
    document = {"data_dir": str(tmp_path), "tenants": [TENANT], "entrance_listener": LISTENER} | changes
    with pytest.raises(ConfigurationError, match=rf"\$\.{path}"):
        check_site(msgspec_convert(document, tmp_path / "site.toml"))


def test_entrances_that_hold_are_in_order(tmp_path: Path) -> None:
    document = {
        "data_dir": str(tmp_path),
        "tenants": [TENANT],
        "entrances": [ENTRANCE | {"sources": [{"ranges": ["10.1.0.0/16"]}]}],
        "entrance_listener": LISTENER,
        "portal": {"host": ""},
        "wire": {"gateways": [GATEWAY | {"entrance": "office"}]},
    }
    check_site(msgspec_convert(document, tmp_path / "site.toml"))
