"""The demo city's settings: one tenant, three zones and their pools; written at each start from the ports it got."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from sekisho.demo.city import Group
from sekisho.demo.directory import DirectoryParts
from sekisho.demo.rdp_host import DISCONNECTED_LIMIT_S, SETTLE_S, rdp_socket
from sekisho.demo.websites import LISTED, SITES

TENANT_ID: Final = "sekisho-city"
LGWAN: Final = "lgwan"
RESIDENT: Final = "resident"
LGWAN_POOL: Final = "lgwan-desktop"
RESIDENT_POOL: Final = "resident-desktop"
RDP_POOL: Final = "gyomu-rdp"
INTERNET: Final = "internet_zone"
BROWSER_POOL: Final = "virtual-browser"
ZONES: Final = (LGWAN, RESIDENT, INTERNET)
GATEWAY_ID: Final = "gateway-1"
AGENT_ID: Final = "agent-1"
_GATEWAY_KEY: Final = f"keys/{GATEWAY_ID}.key"
_GUACD_PORT: Final = 4822
_AGENT_KEY: Final = f"keys/{AGENT_ID}.key"


class DemoPorts(msgspec.Struct, frozen=True, kw_only=True):
    """``portal`` and ``gateway`` are what people see; the others are taken from what is free. Without a port ``web``
    there is no virtual browser."""

    portal: int
    gateway: int
    ldap: int
    ldaps: int
    rdp: int
    web: int | None


class RdpAccount(msgspec.Struct, frozen=True, kw_only=True):
    username: str
    password_file: Path


def site_document(
    data_dir: Path, ports: DemoPorts, directory: DirectoryParts, rdp_accounts: list[RdpAccount]
) -> dict[str, Any]:
    """The settings of broker and tenant, as TOML's data."""
    return {
        "data_dir": str(data_dir),
        "portal": {
            "port": ports.portal,
            "public_url": f"http://localhost:{ports.portal}",
            "tunnel_url": f"ws://localhost:{ports.gateway}/tunnel",
            # Only this machine reaches the listener: it stands for the wired office LAN of lent PCs.
            "origin": "office",
            "segment": "wired",
            "device": "managed",
        },
        "wire": {
            "gateways": [{"id": GATEWAY_ID, "zones": [*ZONES], "key_file": _GATEWAY_KEY}],
            "agents": [{"id": AGENT_ID, "zones": [*ZONES], "key_file": _AGENT_KEY}],
        },
        "signin": {"issuer": "Sekisho 関所市", "enrol_networks": ["127.0.0.0/8", "::1/128"]},
        "tenants": [
            {
                "id": TENANT_ID,
                "name_ja": "関所市",
                "name_en": "Sekisho City",
                "hostnames": ["localhost", "127.0.0.1"],
                "directory": _directory(directory),
                "watermark": {"enabled": True},
                "zones": [
                    {"id": LGWAN, "name_ja": "LGWAN接続系", "name_en": "LGWAN network"},
                    {
                        "id": RESIDENT,
                        "name_ja": "マイナンバー利用事務系（住民情報系）",
                        "name_en": "Resident-information network",
                        "max_unsupervised_s": 900,
                    },
                    {"id": INTERNET, "name_ja": "インターネット接続系", "name_en": "Internet network"},
                ],
                "pools": _pools(ports, rdp_accounts),
            }
        ],
    }


def gateway_document(data_dir: Path, ports: DemoPorts) -> dict[str, Any]:
    """The settings of the gateway."""
    return {
        "gateway_id": GATEWAY_ID,
        "listen_host": "127.0.0.1",
        "listen_port": ports.gateway,
        "allowed_origins": [f"http://localhost:{ports.portal}", f"http://127.0.0.1:{ports.portal}"],
        "wire_socket": str(data_dir / "run/wire.sock"),
        "wire_key_file": str(data_dir / _GATEWAY_KEY),
        "zones": [*ZONES],
        "guacd_groups": {zone: [f"unix:{_network_dir(data_dir, zone)}/door.sock"] for zone in ZONES},
        "spool_dir": str(data_dir / "spool"),
    }


def agent_document(data_dir: Path) -> dict[str, Any]:
    """The settings of the agent."""
    return {
        "agent_id": AGENT_ID,
        "wire_socket": str(data_dir / "run/wire.sock"),
        "key_file": str(data_dir / _AGENT_KEY),
        "zones": [*ZONES],
        "capacity": 16,
        "homes_dir": str(data_dir / "homes"),
        "sockets_dir": str(data_dir / "desktops"),
        "runtime": {
            "cache_dir": str(data_dir / "cache"),
            "log_dir": str(data_dir / "log/desktops"),
            "colours": {LGWAN: "#2f5d7c", RESIDENT: "#6b4a2f", INTERNET: "#2f6b4a"},
            "egress": {
                "contact": "情報政策課（内線 2345）",
                # The demo's Internet is on this machine: its address and its names are known nowhere else.
                "open_ranges": ["127.0.0.1/32"],
                "names": {name: ["127.0.0.1"] for name in SITES},
            },
        },
    }


def host_document(data_dir: Path, ports: DemoPorts, guacd_root: Path, *, has_rdp: bool) -> dict[str, Any]:
    """Which processes this host runs."""
    return {
        "gateway_config": str(data_dir / "gateway.toml"),
        "gateway_port": ports.gateway,
        "agent_config": str(data_dir / "agent.toml"),
        "guacd_root": str(guacd_root),
        "desktops_dir": str(data_dir / "desktops"),
        "guacd": [_guacd(data_dir, zone, ports.rdp if has_rdp else None) for zone in ZONES],
    }


def _network_dir(data_dir: Path, zone: str) -> Path:
    return data_dir.absolute() / "guacd" / zone


def _guacd(data_dir: Path, zone: str, rdp_port: int | None) -> dict[str, Any]:
    """In a network of its own: it reaches its zone's desktops, which are sockets, and nothing else. The RDP host is
    let in at the port under which the broker looks at it, so that both know it by one address."""
    part: dict[str, Any] = {"zone": zone, "port": _GUACD_PORT, "network_dir": str(_network_dir(data_dir, zone))}
    if zone == LGWAN and rdp_port is not None:
        part["bridges"] = [{"port": rdp_port, "socket": str(rdp_socket(data_dir / "rdp"))}]
    return part


def write_settings(
    data_dir: Path, ports: DemoPorts, directory: DirectoryParts, rdp_accounts: list[RdpAccount], guacd_root: Path
) -> None:
    """All four settings files of the demo."""
    write_toml(data_dir / "site.toml", site_document(data_dir, ports, directory, rdp_accounts))
    write_toml(data_dir / "gateway.toml", gateway_document(data_dir, ports))
    write_toml(data_dir / "agent.toml", agent_document(data_dir))
    write_toml(data_dir / "host.toml", host_document(data_dir, ports, guacd_root, has_rdp=bool(rdp_accounts)))


_RECHECK_S: Final = 10.0
"""Short, so that somebody who tries it sees a leaver go."""


def _directory(parts: DirectoryParts) -> dict[str, Any]:
    return {
        "url": parts.ldap_url,
        "ca_file": str(parts.ca_file),
        "bind_dn": parts.service_dn,
        "bind_password_file": str(parts.service_password_file),
        "user_base": parts.people_dn,
        "group_base": parts.groups_dn,
        "recheck_interval_s": _RECHECK_S,
        "roles": {Group.IT_DESK.value: "tenant_admin", Group.AUDITORS.value: "auditor"},
    }


def _pools(ports: DemoPorts, rdp_accounts: list[RdpAccount]) -> list[dict[str, Any]]:
    desktops = [
        {
            "name": account.username,
            "host": "127.0.0.1",
            "port": ports.rdp,
            "username": account.username,
            "password_file": str(account.password_file),
        }
        for account in rdp_accounts
    ]
    rdp_pool = {
        "id": RDP_POOL,
        "zone": LGWAN,
        "name_ja": "庁内業務サーバー",
        "name_en": "Office application host",
        "kind": "floating",
        "provider": "static",
        "protocol": "rdp",
        "entitled_groups": [Group.RDP_DESKTOP.value],
        "max_size": len(desktops),
        "target_ready": len(desktops),
        "disconnect_limit_s": DISCONNECTED_LIMIT_S,
        "settle_s": SETTLE_S,
        "parameters": {"server-layout": "ja-jp-qwerty", "security": "any", "ignore-cert": "true"},
        "desktops": desktops,
    }
    return [
        {
            "id": LGWAN_POOL,
            "zone": LGWAN,
            "name_ja": "LGWAN 共有デスクトップ",
            "name_en": "LGWAN shared desktop",
            "kind": "floating",
            "provider": "local",
            "protocol": "vnc",
            "entitled_groups": [Group.LGWAN_DESKTOP.value],
            "target_ready": 2,
            "max_size": 6,
        },
        {
            "id": RESIDENT_POOL,
            "zone": RESIDENT,
            "name_ja": "住民情報系 専用デスクトップ",
            "name_en": "Resident-information personal desktop",
            "kind": "persistent",
            "provider": "local",
            "protocol": "vnc",
            "entitled_groups": [Group.RESIDENT_DESKTOP.value],
            "max_size": 6,
        },
        *([rdp_pool] if desktops else []),
        *([_browser_pool(ports.web)] if ports.web else []),
    ]


def _browser_pool(web_port: int) -> dict[str, Any]:
    return {
        "id": BROWSER_POOL,
        "zone": INTERNET,
        "name_ja": "仮想ブラウザー",
        "name_en": "Virtual browser",
        "kind": "floating",
        "provider": "local",
        "protocol": "vnc",
        "application": "browser",
        "entitled_groups": [Group.VIRTUAL_BROWSER.value],
        "allowed_destinations": [f"http://{LISTED}:{web_port}"],
        "target_ready": 1,
        "max_size": 4,
    }


def write_toml(path: Path, document: Mapping[str, Any]) -> None:
    """Write settings for their owner alone, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.toml.encode(document))
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
