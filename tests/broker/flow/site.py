"""A site with three networks and a DMZ, as a municipality would write it down."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from broker.settings import SiteSettings, msgspec_convert


def zone(zone_id: str) -> dict[str, str]:
    return {"id": zone_id, "name_ja": zone_id, "name_en": zone_id}


def pool(pool_id: str, zone_id: str, provider: str, protocol: str, **more: Any) -> dict[str, Any]:
    names = {"id": pool_id, "zone": zone_id, "name_ja": pool_id, "name_en": pool_id}
    return names | {"kind": "floating", "provider": provider, "protocol": protocol, "entitled_groups": ["g"]} | more


def entrance(entrance_id: str, name: str, *ranges: str) -> dict[str, Any]:
    urls = {"public_url": f"https://{name}", "tunnel_url": f"wss://{name}/tunnel"}
    proxy = {"listen": ["*:8443" if entrance_id == "office" else "[::]:443"]}
    return {"id": entrance_id, "origin": "office", "sources": [{"ranges": list(ranges)}], "proxy": proxy} | urls


_SITE: Final[dict[str, Any]] = {
    "data_dir": "/var/lib/sekisho",
    "portal": {"host": ""},
    "entrances": [
        entrance("closed_sim", "sim.hinode.example", "10.9.0.0/17", "10.9.128.0/18"),
        entrance("office", "lan.hinode.example", "10.1.0.0/17"),
    ],
    "entrance_listener": {
        "host": "::",
        "port": 8403,
        "certificate": "pki/broker.pem",
        "key": "pki/broker.key",
        "client_ca": "pki/ca.pem",
    },
    "database": {"url": "postgresql://sekisho@db.hinode.example:5433/sekisho"},
    "wire": {
        "host": "::",
        "port": 8402,
        "certificate": "pki/broker.pem",
        "key": "pki/broker.key",
        "client_ca": "pki/ca.pem",
        "gateways": [
            {"id": "gw-sim", "zones": ["lgwan"], "key_file": "keys/gw-sim.key", "entrance": "closed_sim"},
            {"id": "gw-lan", "zones": ["lgwan", "resident"], "key_file": "keys/gw-lan.key", "entrance": "office"},
        ],
        "agents": [{"id": "agent-1", "zones": ["lgwan"], "key_file": "keys/agent-1.key"}],
    },
    "tenants": [
        {
            "id": "hinode",
            "name_ja": "日の出市",
            "name_en": "Hinode",
            "hostnames": ["sim.hinode.example", "lan.hinode.example"],
            "zones": [zone("lgwan"), zone("resident")],
            "directory": {
                "url": "ldap://ldap.hinode.example",
                "ca_file": "ca.pem",
                "bind_dn": "cn=service",
                "bind_password_file": "bind.password",
                "user_base": "dc=example",
            },
            "pools": [
                pool("shared", "lgwan", "local", "vnc"),
                pool("residents", "resident", "manual", "vnc"),
                pool(
                    "office-pcs",
                    "lgwan",
                    "static",
                    "rdp",
                    desktops=[
                        {"name": "rds-1", "host": "rds-1", "port": 3389},
                        {"name": "pc-1", "host": "10.3.7.21", "port": 3389},
                        {"name": "pc-2", "host": "10.3.7.20", "port": 3389},
                    ],
                ),
            ],
        }
    ],
    "hosts": [
        {"id": "sim-proxy", "addresses": ["10.9.255.1"], "zone": "dmz", "roles": ["entrance:closed_sim"]},
        {"id": "lan-proxy", "addresses": ["10.3.0.1", "fd00:3::1"], "zone": "lgwan", "roles": ["entrance:office"]},
        {"id": "gw-sim", "addresses": ["10.8.0.11"], "zone": "dmz", "roles": ["gateway:gw-sim"]},
        {
            "id": "gw-lan",
            "addresses": ["10.3.0.11", "fd00:3::11"],
            "zone": "lgwan",
            "roles": ["gateway:gw-lan"],
            "ports": {"tunnel": 9401},
        },
        {"id": "broker-1", "addresses": ["10.3.0.20", "fd00:3::20"], "zone": "lgwan", "roles": ["broker"]},
        {"id": "broker-2", "addresses": ["10.3.0.21"], "zone": "lgwan", "roles": ["broker"]},
        {
            "id": "db",
            "addresses": ["10.3.0.30"],
            "zone": "lgwan",
            "roles": ["database"],
            "names": ["DB.hinode.example"],
        },
        {
            "id": "ldap",
            "addresses": ["10.3.0.31"],
            "zone": "lgwan",
            "roles": ["directory:hinode"],
            "names": ["ldap.hinode.example"],
        },
        {"id": "vdi-1", "addresses": ["10.3.1.1"], "zone": "lgwan", "roles": ["agent:agent-1", "guacd:lgwan"]},
        {"id": "rds-1", "addresses": ["10.3.1.9"], "zone": "lgwan", "roles": ["desktops:office-pcs"]},
        {"id": "guacd-r", "addresses": ["10.4.0.5"], "zone": "resident", "roles": ["guacd:resident"]},
        {
            "id": "desk-r",
            "addresses": ["10.4.1.1"],
            "zone": "resident",
            "roles": ["desktops:residents"],
            "ports": {"desktop": 5901},
        },
        {"id": "fw", "addresses": ["10.3.0.254", "10.4.0.254"], "roles": ["router"]},
    ],
    "client_networks": [
        {"entrance": "closed_sim", "ranges": ["10.9.0.0/17", "10.9.128.0/18"]},
        {"entrance": "office", "ranges": ["10.1.0.0/16", "fd00:1::/48"]},
    ],
    "further_flows": [
        {"id": "ntp", "sources": ["*"], "targets": ["10.3.0.53"], "protocol": "udp", "port": 123, "reason": "時刻同期"},
        {
            "id": "move",
            "sources": ["db"],
            "targets": ["10.3.0.99"],
            "port": 22,
            "reason": "データ移行",
            "ends_on": "2026-12-31",
        },
    ],
}


def document() -> dict[str, Any]:
    """The site's settings as parsed TOML, to be changed by a test."""
    return deepcopy(_SITE)


def settings_of(raw: dict[str, Any]) -> SiteSettings:
    return msgspec_convert(raw, Path("site.toml"))


def host(raw: dict[str, Any], host_id: str) -> dict[str, Any]:
    """One host of the document."""
    found: dict[str, Any] = next(one for one in raw["hosts"] if one["id"] == host_id)
    return found
