"""Who may speak on the channels behind the proxy: it alone, and only with services that the site's authority made."""

import ssl
from pathlib import Path

import aiohttp
import pytest

from broker.model.service_name import ServiceKind
from broker.wire.service_tls import TlsFiles, client_context
from tests.entrance.person import trust
from tests.entrance.recording import Recorder
from tests.entrance.site import CLIENT, HOSTS, OFFICE, Site, free_ports, run_proxy
from tests.fakes.services import ServicePki

pytestmark = pytest.mark.real

OTHER = "127.0.20.9"
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
NAMED = {"Sekisho-Client-Address": CLIENT, "Host": HOSTS[OFFICE]}


async def ask_broker(site: Site, tls: ssl.SSLContext) -> int:
    """As if the caller stood in the proxy's place."""
    async with (
        aiohttp.ClientSession(headers=NAMED) as session,
        session.get(f"https://127.0.0.1:{site.ports.broker}/login", ssl=tls) as answer,
    ):
        return answer.status


async def test_nobody_but_a_proxy_speaks_on_the_broker_s_entrance_listener(site: Site) -> None:
    """Somebody who has come by the certificate of a gateway reaches the listener, and is refused there and audited."""
    assert await ask_broker(site, client_context(site.files(ServiceKind.ENTRANCE, OFFICE))) == 200
    assert await ask_broker(site, client_context(site.files(ServiceKind.GATEWAY, f"gw-{OFFICE}"))) == 403
    unknown = client_context(site.pki.issue(ServiceKind.ENTRANCE, "branch"))
    assert await ask_broker(site, unknown) == 403
    with pytest.raises((aiohttp.ClientError, OSError)):
        await ask_broker(site, ssl.create_default_context(cafile=str(site.pki.authority)))
    causes = [record["detail"]["cause"] for record in await site.audit("entrance.refused")]
    assert "unknown_entrance" in causes


async def status_through(site: Site, folder: Path, path: str, config: str) -> int:
    """What a client gets from a proxy with this configuration."""
    with run_proxy(site, OFFICE, config, name=f"other-{folder.name}", host=OTHER):
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"https://{OTHER}:{site.ports.public[OFFICE]}{path}",
                ssl=trust(site), server_hostname=HOSTS[OFFICE],
                headers={"Host": HOSTS[OFFICE]} | (UPGRADE if path == "/tunnel" else {}),
            ) as answer,
        ):  # fmt: skip
            return answer.status


@pytest.mark.parametrize("wrong", ["ended", "foreign"])
async def test_a_proxy_with_an_ended_or_foreign_certificate_reaches_neither_broker_nor_gateway(
    site: Site, tmp_path: Path, wrong: str
) -> None:
    pki = ServicePki(tmp_path / "foreign") if wrong == "foreign" else ServicePkiOf(site, tmp_path)
    shown = pki.issue(ServiceKind.ENTRANCE, OFFICE, is_expired=wrong == "ended")
    config = _other_proxy(site, str(shown.certificate))
    for path in ("/login", "/tunnel"):
        assert await status_through(site, tmp_path, path, config) in {502, 503}


class ServicePkiOf(ServicePki):
    """The site's own authority, issuing into a folder of the test's."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.folder = folder / "own"
        self.folder.mkdir()
        for name in ("ca.crt", "ca.key"):
            (self.folder / name).write_bytes((site.pki.folder / name).read_bytes())
            (self.folder / name).chmod(0o600)


def _other_proxy(site: Site, certificate: str) -> str:
    """The office's configuration on another address, straight to broker and gateway."""
    text = site.proxy_config(OFFICE).replace(HOSTS[OFFICE] + ":", f"{OTHER}:")
    text = text.replace(f":{site.ports.recorded_broker} ", f":{site.ports.broker} ")
    text = text.replace(f":{site.ports.recorded_gateway} ", f":{site.ports.gateway[OFFICE]} ")
    return text.replace(str(site.files(ServiceKind.ENTRANCE, OFFICE).certificate), certificate)


async def test_a_proxy_talks_to_no_broker_that_the_authority_does_not_vouch_for(site: Site, tmp_path: Path) -> None:
    """From another authority, ended, or of another kind of service."""
    own, foreign = ServicePkiOf(site, tmp_path), ServicePki(tmp_path / "foreign")
    for shown in (
        foreign.issue(ServiceKind.BROKER, "b1"),
        own.issue(ServiceKind.BROKER, "b1", is_expired=True),
        own.issue(ServiceKind.GATEWAY, "gw-sim"),
    ):
        [port] = free_ports(1)
        accepts = TlsFiles(certificate=shown.certificate, key=shown.key, authority=site.pki.authority)
        impostor = Recorder(accepts, site.files(ServiceKind.ENTRANCE, OFFICE), ("127.0.0.1", site.ports.broker))
        proxy = str(site.files(ServiceKind.ENTRANCE, OFFICE).certificate)
        config = _other_proxy(site, proxy).replace(f":{site.ports.broker} ", f":{port} ")
        async with impostor.listening("127.0.0.1", port):
            assert await status_through(site, tmp_path, "/login", config) == 503
        assert impostor.paths() == []
