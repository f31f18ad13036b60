"""The whole broker in one process, from its settings to its end."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec
import pytest

from auth.ldap import LdapAuthenticator
from broker.network_settings import PortalSettings
from broker.store import migrate
from sekisho import broker_process
from sekisho.demo.certificates import prepare_certificate
from sekisho.site import database_url, prepare_data_dir
from tests.sekisho.test_site import site
from tests.web.conftest import free_port


async def test_a_broker_answers_and_lets_go_of_its_directories_when_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    settings = msgspec.structs.replace(site(tmp_path), portal=PortalSettings(port=port))
    prepare_data_dir(settings)
    (tmp_path / "ca.pem").write_bytes(prepare_certificate(tmp_path / "tls", now=datetime.now(UTC)).ca_file.read_bytes())
    (tmp_path / "bind.password").write_text("himitsu\n")
    await migrate(database_url(settings))
    seen: list[object] = []

    async def look_then_stop() -> signal.Signals:
        async with aiohttp.ClientSession() as visitor, visitor.get(f"http://localhost:{port}/login") as page:
            seen.append(page.status)
        return signal.SIGTERM

    monkeypatch.setattr(broker_process, "set_up_log", lambda _: None)
    monkeypatch.setattr(broker_process, "wait_for_stop_signal", look_then_stop)
    monkeypatch.setattr(LdapAuthenticator, "close", lambda _: seen.append("closed"))
    await broker_process.run_broker(settings)
    assert seen == [200, "closed"]
