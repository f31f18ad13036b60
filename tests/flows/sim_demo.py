"""The demo city whose desktops are reached over a closed SIM line: ``python -m tests.flows.sim_demo --data …``.

The broker's own listener stays as it is, for the IT desk in the office; the gateway serves the line's entrance alone.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import click

from broker.model.service_name import ServiceKind
from broker.wire.service_tls import TlsFiles
from sekisho.commands.context import reports_faults, run_until_done
from sekisho.demo import site
from sekisho.demo.directory import DirectoryParts
from sekisho.demo.ports import take_free
from sekisho.demo.run import run_demo
from tests.fakes.services import ServicePki

ENTRANCE: Final = "sim"
_PLAIN_SITE = site.site_document
_PLAIN_GATEWAY = site.gateway_document


def paths_of(data_dir: Path) -> tuple[Path, Path]:
    """Where the line's proxy finds the device authority's certificate, and its own configuration."""
    return data_dir / "line/device-ca.pem", data_dir / "line/haproxy.cfg"


@cache
def _services(data_dir: Path) -> ServicePki:
    return ServicePki(data_dir / "pki")


@cache
def _ports() -> tuple[int, int]:
    """Where the proxy finds the broker, and where people find the proxy."""
    inner, outer = take_free(2)
    return inner, outer


def _site_document(
    data_dir: Path, ports: site.DemoPorts, directory: DirectoryParts, rdp_accounts: list[site.RdpAccount]
) -> dict[str, Any]:
    document = _PLAIN_SITE(data_dir, ports, directory, rdp_accounts)
    services, public = _services(data_dir), ServicePki(data_dir / "public-pki", "A public authority")
    own = services.issue(ServiceKind.BROKER, "b1")
    proxy = services.issue(ServiceKind.ENTRANCE, ENTRANCE)
    shown = public.issue(ServiceKind.DIRECTORY, "web")
    inner, outer = _ports()
    document["wire"]["gateways"][0]["entrance"] = ENTRANCE
    document["portal"]["host"] = "127.0.0.1"
    document["signin"]["enrol_origins"] = ["office", "closed_sim"]  # people of the stories begin at the line
    document["entrance_listener"] = {"host": "127.0.0.1", "port": inner} | _server_files(own)
    document["entrances"] = [
        {
            "id": ENTRANCE,
            "origin": "closed_sim",
            "segment": "wireless",
            "public_url": f"https://localhost:{outer}",
            "tunnel_url": f"wss://localhost:{outer}/tunnel",
            "proxy": {
                "listen": [f"127.0.0.1:{outer}"],
                "listen_plain": [],
                "certificate": str(shown.certificate),
                "service_certificate": str(proxy.certificate),
                "service_ca": str(proxy.authority),
                "device_ca": str(paths_of(data_dir)[0]),
                "brokers": [f"127.0.0.1:{inner}"],
                "gateways": {site.GATEWAY_ID: f"127.0.0.1:{ports.gateway}"},
                "user": "",
            },
        }
    ]
    for pool in document["tenants"][0]["pools"]:
        if pool["id"] == site.LGWAN_POOL:
            pool["origins"] = ["office", "closed_sim"]
    return document


def _server_files(files: TlsFiles) -> dict[str, str]:
    return {"certificate": str(files.certificate), "key": str(files.key), "client_ca": str(files.authority)}


def _gateway_document(data_dir: Path, ports: site.DemoPorts) -> dict[str, Any]:
    files = _services(data_dir).issue(ServiceKind.GATEWAY, site.GATEWAY_ID)
    behind = {"entrance": ENTRANCE, "allowed_origins": [f"https://localhost:{_ports()[1]}"]}
    return _PLAIN_GATEWAY(data_dir, ports) | behind | {"tls": _server_files(files)}


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--gateway-port", type=int, required=True)
@click.option("--data", type=click.Path(path_type=Path), required=True)
@reports_faults
def main(port: int, gateway_port: int, data: Path) -> None:
    site.site_document, site.gateway_document = _site_document, _gateway_document
    run_until_done(run_demo(data.absolute(), port, gateway_port, click.echo))


if __name__ == "__main__":
    main()
