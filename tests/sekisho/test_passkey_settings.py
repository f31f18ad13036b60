"""Passkey rules from the settings: names and origins are the site's word."""

from typing import Any

import msgspec
import pytest

from broker.errors import ConfigurationError
from broker.model.ids import TenantId
from broker.model.kinds import Role
from broker.settings import SiteSettings
from sekisho.passkeys import passkey_rules

AAGUID = "2FC0579F-8113-47EA-B116-BB5A8DB9202A"


def site(changes: dict[str, Any] | None = None, *, with_entrances: bool = True) -> SiteSettings:
    tenant: dict[str, Any] = {
        "id": "demo",
        "name_ja": "関所市",
        "name_en": "Sekisho",
        "hostnames": ["Office.city.example.jp", "home.city.example.jp"],
        "directory": {"url": "ldap://x", "ca_file": "", "bind_dn": "", "bind_password_file": "", "user_base": ""},
        "zones": [],
        "pools": [],
    }
    raw = {"data_dir": "/x", "tenants": [tenant | (changes or {})]} | (_ENTRANCES if with_entrances else {})
    return msgspec.convert(raw, SiteSettings)


def an_entrance(name: str, url: str) -> dict[str, Any]:
    return {"id": name, "public_url": url, "tunnel_url": "wss://x/tunnel", "origin": "office"}


_ENTRANCES: dict[str, Any] = {
    "entrances": [
        an_entrance("office", "https://office.city.example.jp"),
        an_entrance("sim", "https://office.city.example.jp:8443/"),
        an_entrance("home", "https://home.city.example.jp:443"),
        an_entrance("neighbour", "https://portal.neighbour.example.jp"),
    ],
}


def test_each_host_name_counts_at_the_public_addresses_of_its_entrances() -> None:
    rules = passkey_rules(site())[TenantId("demo")]
    office, home = rules.party_at("office.city.example.jp"), rules.party_at("home.city.example.jp")
    assert office is not None
    assert home is not None
    assert office.id == "office.city.example.jp"
    assert office.origins == {"https://office.city.example.jp", "https://office.city.example.jp:8443"}
    assert home.origins == {"https://home.city.example.jp"}
    assert office.must_verify_user
    assert rules.party_at("portal.neighbour.example.jp") is None
    assert rules.party_at("evil.example") is None


def test_without_entrances_the_brokers_own_listener_counts_for_every_host_name() -> None:
    rules = passkey_rules(site({"hostnames": ["localhost"]}, with_entrances=False))[TenantId("demo")]
    party = rules.party_at("localhost")
    assert party is not None
    assert party.origins == {"http://localhost:8400"}


def test_host_names_may_share_one_name_that_they_end_in() -> None:
    changes = {
        "passkey_rp_id": "city.example.jp",
        "passkey_user_verification": "preferred",
        "passkey_aaguids": [AAGUID],
        "passkey_required_roles": ["tenant_admin"],
    }
    rules = passkey_rules(site(changes))[TenantId("demo")]
    party = rules.party_at("home.city.example.jp")
    assert party is not None
    assert party.id == "city.example.jp"
    assert len(party.origins) == 3
    assert not party.must_verify_user
    assert party.aaguids == {AAGUID.lower()}
    assert rules.required_roles == {Role.TENANT_ADMIN}


@pytest.mark.parametrize(
    "field, value",
    [
        ("passkey_rp_id", "evil.example"),
        ("passkey_rp_id", "y.example.jp"),
        ("passkey_rp_id", "192.0.2.1"),
        ("passkey_aaguids", ["YubiKey 5"]),
        ("passkey_aaguids", ["00000000-0000-0000-0000-000000000000"]),
    ],
)
def test_what_can_not_be_stops_the_start_with_its_path(field: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"\$\.tenants\[0\]\.{field}"):
        passkey_rules(site({field: value}))
