"""A new sealing key by command, on a broker that runs."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from click.testing import CliRunner, Result

from broker.key_file import read_keys
from broker.model.kinds import Origin
from broker.network_settings import PortalSettings
from broker.store import migrate
from sekisho import broker_process
from sekisho.cli import main
from sekisho.demo.certificates import prepare_certificate
from sekisho.site import database_url, prepare_data_dir
from tests.sekisho.test_site import site
from tests.web.conftest import free_port


def without_empty(value: Any) -> Any:
    """Without the empty ones, which TOML has no word for."""
    if isinstance(value, dict):
        return {name: without_empty(item) for name, item in value.items() if item is not None}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


async def test_rotating_and_retiring_on_a_running_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portal = PortalSettings(port=free_port(), origin=Origin.OFFICE)
    settings = msgspec.structs.replace(site(tmp_path), portal=portal)
    prepare_data_dir(settings)
    (tmp_path / "ca.pem").write_bytes(prepare_certificate(tmp_path / "tls", now=datetime.now(UTC)).ca_file.read_bytes())
    (tmp_path / "bind.password").write_text("himitsu\n")
    await migrate(database_url(settings))
    config = tmp_path / "site.toml"
    config.write_text(tomli_w.dumps(without_empty(msgspec.to_builtins(settings))))
    key_file = settings.path(settings.sealing_key_file)
    first = read_keys(key_file).newest
    said: list[Result] = []

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, ["--config", str(config), "key", *words])

    async def rotate_then_stop() -> signal.Signals:
        said.extend([await run("rotate"), await run("status")])
        said.extend([await run("retire", first), await run("retire", "00000000")])
        return signal.SIGTERM

    monkeypatch.setattr(broker_process, "set_up_log", lambda _: None)
    monkeypatch.setattr(broker_process, "wait_for_stop_signal", rotate_then_stop)
    await broker_process.run_broker(settings)
    rotated, status, early, unknown = said
    newest = read_keys(key_file).newest
    assert newest != first
    assert f"{newest}: in use, everything is sealed by it" in rotated.output, rotated.output
    assert f"sekisho key retire {first}" in rotated.output
    assert "at rest" in status.output
    assert (early.exit_code, "too_early" in early.output) == (1, True)
    assert (unknown.exit_code, "unknown_key" in unknown.output) == (1, True)
    assert list(read_keys(key_file).keys) == [first, newest]
