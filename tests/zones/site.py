"""The site's settings: what the broker, the gateways and the entrances are told, as TOML's data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sekisho.demo.city import Group
from sekisho.demo.directory import DirectoryParts
from tests.zones.map import (
    BROKER_ENTRANCE_PORT,
    BROKER_WIRE_PORT,
    BY_ID,
    CLIENT_NETWORKS,
    ENTRANCES,
    HOSTS,
    LGWAN,
    PORTS,
    RESIDENT,
    WIFI_NETWORK,
    ZONES_OF_GATEWAY,
    Host,
    Kind,
    of_kind,
)

TENANT: Final = "sekisho-city"
POOL_OF_ZONE: Final = {LGWAN: "lgwan-desktop", RESIDENT: "resident-desktop"}
_GROUP_OF_ZONE: Final = {LGWAN: Group.LGWAN_DESKTOP, RESIDENT: Group.RESIDENT_DESKTOP}
_ORIGINS_OF_ZONE: Final = {LGWAN: ["office", "closed_sim", "internet"], RESIDENT: ["office"]}
_NAMES: Final = {LGWAN: ("LGWAN接続系", "LGWAN network"), RESIDENT: ("住民情報系", "Resident-information network")}
_ENTRANCES: Final[Mapping[str, Mapping[str, Any]]] = {
    # The office LAN of lent PCs on wires: the entrance vouches for the device.
    "office": {"origin": "office", "segment": "wired", "device": "managed"},
    "sim": {"origin": "closed_sim", "segment": "wireless", "certificate_required": True},
    "home": {"origin": "internet", "certificate_required": True},
}


def host_name(entrance: str) -> str:
    """The name under which people open the portal there."""
    return f"{entrance}.sekisho.example"


def device_authority(folder: Path) -> Path:
    """The certificate by which the proxies ask devices for theirs."""
    return folder / "device-ca.crt"


def gateway_key(entrance: str) -> str:
    return f"keys/gateway-{entrance}.key"


def site_document(
    data_dir: Path, pki: Path, directory: DirectoryParts, database_url: Path, password: Path
) -> dict[str, Any]:
    """The broker's settings, the list of hosts included."""
    return {
        "data_dir": str(data_dir),
        "database": {"url_file": str(database_url)},
        "signin": {"enrol_networks": [CLIENT_NETWORKS["office"]]},
        "portal": {
            "host": "",
            "public_url": f"https://{host_name('office')}",
            "tunnel_url": f"wss://{host_name('office')}/tunnel",
        },
        "entrance_listener": {
            "host": BY_ID["broker"].address,
            "port": BROKER_ENTRANCE_PORT,
            **_broker_tls(pki),
        },
        "entrances": [_entrance(entrance, pki) for entrance in ENTRANCES],
        "wire": {
            "host": BY_ID["broker"].address,
            "port": BROKER_WIRE_PORT,
            **_broker_tls(pki),
            "gateways": [_gateway_peer(entrance) for entrance in ENTRANCES],
        },
        "hosts": [_host(host) for host in HOSTS if host.kind is not Kind.CLIENT],
        "client_networks": [_client_network(entrance) for entrance in ENTRANCES],
        "tenants": [
            {
                "id": TENANT,
                "name_ja": "関所市",
                "name_en": "Sekisho City",
                "hostnames": [host_name(entrance) for entrance in ENTRANCES],
                "directory": _directory(directory, pki),
                "zones": [{"id": zone, "name_ja": names[0], "name_en": names[1]} for zone, names in _NAMES.items()],
                "pools": [_pool(zone, password) for zone in POOL_OF_ZONE],
            }
        ],
    }


def gateway_document(folder: Path, pki: Path, key: Path, entrance: str) -> dict[str, Any]:
    """The settings of an entrance's gateway."""
    host = BY_ID[f"gateway-{entrance}"]
    return {
        "gateway_id": host.id,
        "entrance": entrance,
        "zones": list(ZONES_OF_GATEWAY[entrance]),
        "listen_host": host.address,
        "listen_port": PORTS[Kind.GATEWAY],
        "allowed_origins": [f"https://{host_name(entrance)}"],
        "wire_url": f"https://{BY_ID['broker'].address}:{BROKER_WIRE_PORT}",
        "wire_key_file": str(key),
        "wire_ca": str(pki / "ca.crt"),
        "wire_certificate": str(pki / f"gateway-{host.id}.crt"),
        "wire_key": str(pki / f"gateway-{host.id}.key"),
        "tls": _tls(pki, f"gateway-{host.id}", authority="client_ca"),
        "guacd_ca": str(pki / "ca.crt"),
        "guacd_groups": {
            zone: [f"tls:{BY_ID[f'guacd-{zone}'].address}:{PORTS[Kind.GUACD]}"] for zone in ZONES_OF_GATEWAY[entrance]
        },
        "spool_dir": str(folder / "spool" / entrance),
    }


def _tls(pki: Path, name: str, *, authority: str) -> dict[str, str]:
    return {"certificate": str(pki / f"{name}.crt"), "key": str(pki / f"{name}.key"), authority: str(pki / "ca.crt")}


def _broker_tls(pki: Path) -> dict[str, str]:
    return _tls(pki, "broker-broker", authority="client_ca")


def _entrance(entrance: str, pki: Path) -> dict[str, Any]:
    return {
        "id": entrance,
        **_ENTRANCES[entrance],
        "sources": _sources(entrance),
        "public_url": f"https://{host_name(entrance)}",
        "tunnel_url": f"wss://{host_name(entrance)}/tunnel",
        "proxy": _proxy(entrance, pki),
    }


def _proxy(entrance: str, pki: Path) -> dict[str, Any]:
    return {
        "listen": [f"{BY_ID[f'entrance-{entrance}'].address}:{PORTS[Kind.ENTRANCE]}"],
        "listen_plain": [],
        "certificate": str(pki.parent / "web/web.pem"),
        "service_certificate": str(pki / f"entrance-{entrance}.crt"),
        "service_ca": str(pki / "ca.crt"),
        **({} if entrance == "office" else {"device_ca": str(device_authority(pki.parent))}),
    }


def _sources(entrance: str) -> list[dict[str, Any]]:
    whole = {"ranges": [CLIENT_NETWORKS[entrance]]}
    if entrance != "office":
        return [whole]
    return [{"ranges": ["10.1.0.0/17"]}, {"ranges": [WIFI_NETWORK], "segment": "wireless"}]


def _gateway_peer(entrance: str) -> dict[str, Any]:
    return {
        "id": f"gateway-{entrance}",
        "zones": list(ZONES_OF_GATEWAY[entrance]),
        "key_file": gateway_key(entrance),
        "entrance": entrance,
    }


def _role(host: Host) -> str:
    match host.kind:
        case Kind.ENTRANCE:
            return f"entrance:{host.group}"
        case Kind.GATEWAY:
            return f"gateway:{host.id}"
        case Kind.GUACD:
            return f"guacd:{host.group}"
        case Kind.DESKTOP:
            return f"desktops:{POOL_OF_ZONE[host.group]}"
        case Kind.DIRECTORY:
            return f"directory:{TENANT}"
        case _:
            return host.kind.value


def _host(host: Host) -> dict[str, Any]:
    zone = "dmz" if host.kind in {Kind.ENTRANCE, Kind.GATEWAY} else host.group
    return {"id": host.id, "addresses": [host.address], "zone": zone, "roles": [_role(host)]}


def _client_network(entrance: str) -> dict[str, Any]:
    return {"entrance": entrance, "ranges": [CLIENT_NETWORKS[entrance]]}


def _directory(parts: DirectoryParts, pki: Path) -> dict[str, Any]:
    return {
        "url": f"ldaps://{BY_ID['directory'].address}:{PORTS[Kind.DIRECTORY]}",
        "ca_file": str(pki / "ca.crt"),
        "bind_dn": parts.service_dn,
        "bind_password_file": str(parts.service_password_file),
        "user_base": parts.people_dn,
        "group_base": parts.groups_dn,
        "roles": {Group.IT_DESK.value: "tenant_admin"},
    }


def _pool(zone: str, password: Path) -> dict[str, Any]:
    desktops = of_kind(Kind.DESKTOP, zone)
    return {
        "id": POOL_OF_ZONE[zone],
        "zone": zone,
        "name_ja": f"{_NAMES[zone][0]}デスクトップ",
        "name_en": f"{_NAMES[zone][1]} desktop",
        "kind": "floating",
        "provider": "static",
        "protocol": "vnc",
        "entitled_groups": [_GROUP_OF_ZONE[zone].value],
        "origins": _ORIGINS_OF_ZONE[zone],
        "max_size": len(desktops),
        "target_ready": len(desktops),
        "desktops": [
            {"name": desktop.id, "host": desktop.address, "port": PORTS[Kind.DESKTOP], "password_file": str(password)}
            for desktop in desktops
        ],
    }
