"""The configuration of an entrance's proxy is one that HAProxy takes, and follows the settings."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from click.testing import CliRunner, Result

from broker.errors import ConfigurationError
from broker.model.service_name import ServiceKind
from broker.settings import SiteSettings
from sekisho.cli import main
from sekisho.entrance.haproxy import haproxy_config
from tests.fakes.services import ServicePki
from tests.sekisho.test_site import TENANT

HOSTS: list[dict[str, Any]] = [
    {"id": "b1", "addresses": ["10.0.0.5", "2001:db8::5"], "roles": ["broker"]},
    {"id": "g1", "addresses": ["10.0.1.7"], "roles": ["gateway:gw-sim"], "ports": {"tunnel": 8500}},
    {"id": "g2", "addresses": ["10.0.2.7"], "roles": ["gateway:gw-office"]},
]


def gateway(name: str, entrance: str) -> dict[str, Any]:
    return {"id": name, "zones": ["lgwan"], "key_file": f"keys/{name}.key", "entrance": entrance}


def site_document(folder: Path, **proxy: object) -> dict[str, Any]:
    """A site with the entrance ``sim``, whose devices show certificates."""
    pki = ServicePki(folder / "pki")
    own, public = pki.issue(ServiceKind.ENTRANCE, "sim"), pki.issue(ServiceKind.DIRECTORY, "public")
    files = {
        "certificate": str(public.certificate),
        "service_certificate": str(own.certificate),
        "service_ca": str(own.authority),
        "device_ca": str(own.authority),
    }
    entrances = [
        {
            "id": name,
            "origin": origin,
            "public_url": f"https://{name}.city.lg.jp",
            "tunnel_url": f"wss://{name}.city.lg.jp/tunnel",
            "certificate_required": name == "sim",
            "proxy": files | proxy,
        }
        for name, origin in (("sim", "closed_sim"), ("office", "office"))
    ]
    return {
        "data_dir": str(folder),
        "tenants": [TENANT],
        "entrances": entrances,
        "entrance_listener": {"host": "10.0.0.5", "port": 8403, "certificate": "c", "key": "k", "client_ca": "ca"},
        "wire": {"gateways": [gateway("gw-sim", "sim"), gateway("gw-office", "office")]},
        "hosts": HOSTS,
    }


def site(folder: Path, **proxy: object) -> SiteSettings:
    return msgspec.convert(site_document(folder, **proxy), SiteSettings)


def config_command(folder: Path, document: dict[str, Any], *arguments: str) -> Result:
    """Of a site that names places instead of hosts."""
    document["hosts"] = []
    for settings in document["entrances"]:
        gateways = {f"gw-{settings['id']}": "10.0.1.7:8401"}
        settings["proxy"] = {"brokers": ["10.0.0.5:8403"], "gateways": gateways} | settings["proxy"]
    (folder / "site.toml").write_text(tomli_w.dumps(document))
    return CliRunner().invoke(main, ["--config", str(folder / "site.toml"), "entrance", "config", *arguments])


@pytest.mark.parametrize("entrance", ["sim", "office"])
@pytest.mark.parametrize("device_ca", [True, False])
def test_haproxy_takes_what_is_written(tmp_path: Path, entrance: str, device_ca: bool) -> None:
    document = site_document(tmp_path) if device_ca else site_document(tmp_path, device_ca="")
    for settings in document["entrances"]:
        settings["certificate_required"] &= device_ca
    output = tmp_path / "haproxy.cfg"
    written = config_command(tmp_path, document, entrance, "--output", str(output))
    assert written.exit_code == 0, written.output
    assert output.stat().st_mode & 0o777 == 0o600
    checked = subprocess.run(["haproxy", "-c", "-f", str(output)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr.upper()
    assert ("verify optional" in output.read_text()) is (device_ca and entrance == "office")


def test_brokers_and_gateways_are_those_of_the_hosts_and_of_this_entrance_alone(tmp_path: Path) -> None:
    lines = haproxy_config(site(tmp_path), "sim").splitlines()
    servers = [line.split()[1:3] for line in lines if line.startswith("    server ")]
    assert servers == [["broker-1", "10.0.0.5:8403"], ["broker-2", "[2001:db8::5]:8403"], ["gw-sim", "10.0.1.7:8500"]]


def test_places_that_are_named_come_before_those_of_the_hosts(tmp_path: Path) -> None:
    named = site(tmp_path, brokers=["192.0.2.1:1"], gateways={"gw-sim": "192.0.2.2:2"})
    text = haproxy_config(named, "sim")
    assert "server broker-1 192.0.2.1:1 verifyhost broker.sekisho.internal" in text
    assert "server gw-sim 192.0.2.2:2 verifyhost gw-sim.gateway.sekisho.internal" in text
    assert "10.0.0.5" not in text


def test_what_could_not_be_served_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no entrance 'home'; the settings have: sim, office"):
        haproxy_config(site(tmp_path / "a"), "home")
    with pytest.raises(ConfigurationError, match=r"sim\.proxy\.device_ca: needed"):
        haproxy_config(site(tmp_path / "b", device_ca=""), "sim")
    with pytest.raises(ConfigurationError, match="has no gw-sim of this entrance"):
        haproxy_config(site(tmp_path / "c", gateways={"gw-sim": "192.0.2.2:2"}), "office")
    bare = msgspec.structs.replace(site(tmp_path / "d"), hosts=[])
    with pytest.raises(ConfigurationError, match=r"sim\.proxy\.brokers"):
        haproxy_config(bare, "sim")


@pytest.mark.parametrize(
    "proxy",
    [
        {"listen": ["*:443 ssl\n    bind *:80"]},
        {"certificate": "/etc/x.pem crt /etc/y.pem"},
        {"device_ca": "/etc/ca.crt\nuser root"},
        {"gateways": {"gw-sim": "10.0.0.1:1 check"}},
        {"user": "root\ngroup root"},
    ],
)
def test_nothing_but_names_places_and_paths_gets_into_the_file(tmp_path: Path, proxy: dict[str, object]) -> None:
    refused = config_command(tmp_path, site_document(tmp_path, **proxy), "sim")
    assert refused.exit_code == 1
    assert "$.entrances[0].proxy" in refused.output
