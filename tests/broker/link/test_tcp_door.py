"""A gateway and an agent on other hosts dial the broker by mutual TLS, and nobody else does."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from broker.errors import ConfigurationError, WireError
from broker.link.tcp_door import TcpDoor
from broker.model.service_name import ServiceKind
from broker.wire.line import TlsLine, choose_line
from broker.wire.messages import AGENT_PATH, GATEWAY_PATH, Welcome
from broker.wire.service_tls import TlsFiles
from tests.broker.link.fakes import Wire, agent_hello, gateway_hello, key_of
from tests.fakes.services import ServicePki

HOST = "127.0.2.1"
FOREIGN = (aiohttp.ClientError, OSError, asyncio.TimeoutError)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class TlsWire:
    """A broker's end that listens on TCP, and the authority of its site."""

    def __init__(self, folder: Path) -> None:
        self.pki = ServicePki(folder / "pki")
        self.stranger = ServicePki(folder / "foreign")
        self.wire = Wire(folder)
        self.door = TcpDoor(host=HOST, port=free_port(), files=self.pki.issue(ServiceKind.BROKER, "b1"))

    def line(self, files: TlsFiles, host: str = HOST) -> TlsLine:
        return TlsLine(f"https://{host}:{self.door.port}", files)


@pytest.fixture
async def tls(folder: Path) -> AsyncIterator[TlsWire]:
    site = TlsWire(folder)
    async with site.wire.listening(site.door):
        yield site


async def test_a_gateway_and_an_agent_are_welcome_with_their_own_certificates(tls: TlsWire) -> None:
    gateway = tls.line(tls.pki.issue(ServiceKind.GATEWAY, "gw1"))
    agent = tls.line(tls.pki.issue(ServiceKind.AGENT, "ag1"))
    async with tls.wire.dial_on(gateway, GATEWAY_PATH, key_of("gateway", "gw1")) as peer:
        await peer.say(gateway_hello())
        await peer.hear(Welcome)
        async with tls.wire.dial_on(agent, AGENT_PATH, key_of("agent", "ag1")) as other:
            await other.say(agent_hello())
            await other.hear(Welcome)


@pytest.mark.parametrize(
    "kind, name", [(ServiceKind.GATEWAY, "gw2"), (ServiceKind.AGENT, "gw1"), (ServiceKind.ENTRANCE, "gw1")]
)
async def test_a_key_in_other_hands_opens_nothing_and_is_audited(tls: TlsWire, kind: ServiceKind, name: str) -> None:
    line = tls.line(tls.pki.issue(kind, name))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with tls.wire.dial_on(line, GATEWAY_PATH, key_of("gateway", "gw1")):
            pass
    assert refusal.value.status == 403
    assert ("t1", "gateway.refused", "gateway:gw1") in tls.wire.store.told()
    assert tls.wire.store.audited[0].detail["why"] == "another_certificate"


async def test_a_certificate_without_the_key_opens_nothing(tls: TlsWire) -> None:
    line = tls.line(tls.pki.issue(ServiceKind.GATEWAY, "gw1"))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with tls.wire.dial_on(line, GATEWAY_PATH, "x" * 43):
            pass
    assert refusal.value.status == 401


async def test_ended_and_foreign_certificates_and_none_at_all_are_not_talked_to(tls: TlsWire) -> None:
    ended = tls.pki.issue(ServiceKind.GATEWAY, "gw1", is_expired=True)
    foreign = tls.stranger.issue(ServiceKind.GATEWAY, "gw1")
    server_only = tls.pki.issue(ServiceKind.GUACD, "gw1")
    for files in (
        ended,
        TlsFiles(certificate=foreign.certificate, key=foreign.key, authority=ended.authority),
        server_only,
    ):
        with pytest.raises(FOREIGN):
            async with tls.wire.dial_on(tls.line(files), GATEWAY_PATH, key_of("gateway", "gw1")) as peer:
                await peer.say(gateway_hello())
                await peer.hear(Welcome)
    bare = ssl.create_default_context(cafile=str(tls.pki.authority))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(FOREIGN):
            await session.get(f"https://{HOST}:{tls.door.port}{GATEWAY_PATH}", ssl=bare)
    assert tls.wire.store.told() == []


async def test_a_broker_that_another_authority_vouches_for_or_under_another_name_is_not_dialled(tls: TlsWire) -> None:
    ours = tls.pki.issue(ServiceKind.GATEWAY, "gw1")
    misled = TlsFiles(certificate=ours.certificate, key=ours.key, authority=tls.stranger.authority)
    for line in (tls.line(misled), tls.line(ours, "127.0.9.9")):
        with pytest.raises(FOREIGN):
            async with tls.wire.dial_on(line, GATEWAY_PATH, key_of("gateway", "gw1")):
                pass


async def test_tls_1_1_is_not_spoken(tls: TlsWire) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        await asyncio.open_connection(HOST, tls.door.port, ssl=old)


async def test_a_renewed_certificate_is_shown_at_the_next_dial_and_a_broken_one_is_named(tls: TlsWire) -> None:
    files = tls.pki.issue(ServiceKind.GATEWAY, "gw1", is_expired=True)
    line = tls.line(files)
    tls.pki.issue(ServiceKind.GATEWAY, "gw1")
    async with tls.wire.dial_on(line, GATEWAY_PATH, key_of("gateway", "gw1")) as peer:
        await peer.say(gateway_hello())
        await peer.hear(Welcome)
    files.certificate.write_text("torn")
    with pytest.raises(WireError, match="does not go with"):
        line.connect()


async def test_a_port_that_is_taken_and_files_that_are_amiss_stop_the_start(folder: Path) -> None:
    site = TlsWire(folder)
    with socket.create_server((HOST, site.door.port)), pytest.raises(ConfigurationError, match=r"\$\.wire\.port"):
        async with site.wire.listening(site.door):
            pass
    site.door.files.key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        async with site.wire.listening(site.door):
            pass


def test_the_line_is_one_whole_and_encrypted(folder: Path) -> None:
    def choose(socket_path: Path | None = None, url: str = "", authority: Path | None = None) -> object:
        return choose_line(socket=socket_path, url=url, authority=authority, certificate=None, key=None)

    with pytest.raises(ConfigurationError, match="not both"):
        choose(folder / "wire.sock", "https://broker:8443")
    for url in ("", "http://broker:8443", "https://", "https://broker/path", "wss://broker"):
        with pytest.raises(ConfigurationError, match="https://host:port"):
            choose(url=url)
    with pytest.raises(ConfigurationError, match="wire_ca, wire_certificate and wire_key"):
        choose(url="https://broker:8443", authority=folder / "ca.crt")
