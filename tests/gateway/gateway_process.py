"""``python -m gateway`` in a process of its own, with a settings file and a log."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
import tomli_w

from tests.fakes.broker import WIRE_KEY
from tests.fakes.browser import ORIGIN
from tests.fakes.waiting import until
from tests.gateway.conftest import Site


class Process:
    """A gateway in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    def resident_bytes(self) -> int:
        used: int = psutil.Process(self.process.pid).memory_info().rss
        return used

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


def write_settings(site: Site, folder: Path, **changes: object) -> Path:
    key_file = folder / "wire.key"
    key_file.write_text(WIRE_KEY)
    table: dict[str, object] = {
        "gateway_id": "gateway-1",
        "zones": ["lgwan"],
        "allowed_origins": [ORIGIN],
        "wire_key_file": str(key_file),
        "wire_socket": str(site.broker.socket_path),
        "spool_dir": str(folder / "spool"),
        "guacd_groups": {"lgwan": [site.guacd.address]},
        "listen_port": site.port,
    }
    path = folder / "gateway.toml"
    path.write_text(tomli_w.dumps(table | changes))
    return path


async def start_process(site: Site, folder: Path, **changes: object) -> Process:
    config = write_settings(site, folder, **changes)
    log = folder / "gateway.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "--config", str(config), stderr=sink, env=os.environ | {"LANG": "C"}
        )
    await until(lambda: site.broker.is_connected, 15, "the gateway process dials the broker")
    return Process(process, log)
