"""The gateway speaks TLS to guacd, and only to the one that the site's authority vouches for."""

import ssl
from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.model.reasons import EndReason
from broker.model.service_name import ServiceKind
from broker.wire.messages import EventKind
from broker.wire.service_tls import TlsFiles
from tests.fakes.browser import ObedientBrowser
from tests.fakes.services import ServicePki
from tests.fakes.waiting import until
from tests.gateway.conftest import TICKET, Site


async def start_with(site: Site, shown: TlsFiles, authority: Path) -> None:
    """A guacd that shows these files, and a gateway that judges it by the authority."""
    site.guacd.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    site.guacd.tls.load_cert_chain(shown.certificate, shown.key)
    await site.guacd.start()
    await site.broker.start()
    site.guacd.address = f"tls:{site.guacd.address}"
    site.changes = {"guacd_ca": authority}
    await site.start_gateway()
    await until(lambda: site.broker.is_connected)


async def test_the_picture_comes_over_tls(site: Site, tmp_path: Path) -> None:
    pki = ServicePki(tmp_path / "pki")
    await start_with(site, pki.issue(ServiceKind.GUACD, "lgwan"), pki.authority)
    async with site.session() as browser:
        assert b"img" in browser.opcodes()


@pytest.mark.parametrize("wrong", ["foreign", "ended", "other_name", "no_server"])
async def test_another_guacd_gets_no_connection_and_no_password(site: Site, tmp_path: Path, wrong: str) -> None:
    pki, stranger = ServicePki(tmp_path / "pki"), ServicePki(tmp_path / "foreign")
    match wrong:
        case "foreign":
            shown = stranger.issue(ServiceKind.GUACD, "lgwan")
        case "ended":
            shown = pki.issue(ServiceKind.GUACD, "lgwan", is_expired=True)
        case "other_name":
            shown = pki.issue(ServiceKind.GUACD, "lgwan", dns=("guacd.example",), addresses=())
        case _:
            shown = pki.issue(ServiceKind.AGENT, "lgwan")
    await start_with(site, shown, pki.authority)
    site.issue()
    async with ObedientBrowser(site.port) as browser:
        await browser.show_ticket(TICKET)
        await until(lambda: browser.is_closed)
    await until(lambda: site.broker.find(EventKind.DETACHED))
    detached = site.broker.find(EventKind.DETACHED)
    assert detached is not None
    assert detached.reason is EndReason.GUACD_UNREACHABLE
    assert site.guacd.visits == []


@pytest.mark.parametrize("address", ["tls:", "tls:host", "tls:host:99999", "tls:unix:/run/guacd.sock"])
async def test_an_address_that_is_none_stops_the_start(site: Site, tmp_path: Path, address: str) -> None:
    site.changes = {"guacd_groups": {"lgwan": [address]}, "guacd_ca": ServicePki(tmp_path / "pki").authority}
    with pytest.raises(ConfigurationError, match=r"guacd_groups\.lgwan"):
        await site.start_gateway()


async def test_tls_without_an_authority_stops_the_start(site: Site) -> None:
    site.changes = {"guacd_groups": {"lgwan": ["tls:guacd:4822"]}}
    with pytest.raises(ConfigurationError, match="needs guacd_ca"):
        await site.start_gateway()
