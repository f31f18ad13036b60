"""The relays: the gateway with all that it does for a session, and the others as their makers ship them."""

import asyncio
import base64
import json
import os
import secrets
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import msgspec
import tomli_w
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bench.relay.tools import Cores, pinned
from broker.model.ids import AttachmentId, SessionId
from gateway.protocol import encode_instruction
from tests.fakes.broker import WIRE_KEY, ObligingBroker, make_spec
from tests.fakes.browser import HEADERS, ORIGIN
from tests.fakes.waiting import until
from tests.gateway.conftest import find_free_port

ROOT: Final = Path(__file__).parents[2]
INSTALLED: Final = ROOT / "var" / "bench"
MARK: Final = "関所\xa0太郎 t-sekisho 端末未登録 203.0.113.5 2026-04-01\xa008:30"
SourceMode = Literal["guacd", "bare", "websocket"]
_READY_S: Final = 20.0


class Peer(ABC):
    """One relay on a port of its own. ``source_mode`` is what stands behind it."""

    name: ClassVar[str]
    source_mode: ClassVar[SourceMode]
    protocol: ClassVar[str] = "guacamole"

    def __init__(self, folder: Path, cores: Cores) -> None:
        self.port = find_free_port()
        self._folder = folder
        self._cores = cores
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self, source_port: int) -> None:
        """Until it takes connections."""
        command = await self.prepare(source_port)
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *pinned(self._cores.relay, command), env=self.environment(), stdout=log, stderr=log
            )
        await until(self._is_listening, _READY_S, f"{self.name} listens")

    def _is_listening(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            log = (self._folder / "log").read_text("utf-8", "replace")
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}: {log[-500:]}")
        listening = f":{self.port:04X} "
        return any(
            listening in line and " 0A " in line for line in Path("/proc/net/tcp").read_text("ascii").splitlines()
        )

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(8):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def environment(self) -> Mapping[str, str]:
        return os.environ

    @abstractmethod
    async def prepare(self, source_port: int) -> list[str]:
        """Write what the relay reads; the command that starts it."""

    def plan(self, sessions: int) -> list[str]:
        """A line for each session: path, headers, first message."""
        return ["/\t\t"] * sessions


class Sekisho(Peer):
    """Filters, watermark, counting of bytes and audit on; each session redeems a ticket at a broker."""

    name = "sekisho"
    source_mode = "guacd"

    def __init__(self, folder: Path, cores: Cores) -> None:
        super().__init__(folder, cores)
        self.broker = ObligingBroker(folder / "wire.sock")

    async def prepare(self, source_port: int) -> list[str]:
        await self.broker.start()
        most = {"per_s": 5000.0, "at_once": 5000}
        table: dict[str, Any] = {
            "gateway_id": "gateway-1", "zones": ["lgwan"], "allowed_origins": [ORIGIN], "listen_port": self.port,
            "wire_key_file": str(self._folder / "wire.key"), "wire_socket": str(self._folder / "wire.sock"),
            "spool_dir": str(self._folder / "spool"), "guacd_groups": {"lgwan": [f"127.0.0.1:{source_port}"]},
            "log_level": "error",
            # all browsers come from one address
            "door": {
                "sockets": most, "sockets_per_address": most, "redeems": most, "redeems_per_address": most,
                "max_waiting_per_address": 500, "max_silent_per_address": 500, "max_sessions": 5000,
            },
        }  # fmt: skip
        (self._folder / "wire.key").write_text(WIRE_KEY)
        config = self._folder / "gateway.toml"
        config.write_text(tomli_w.dumps(table))
        return [sys.executable, "-m", "gateway", "--config", str(config)]

    async def start(self, source_port: int) -> None:
        await super().start(source_port)
        await until(lambda: self.broker.is_connected, _READY_S)

    async def stop(self) -> None:
        await super().stop()
        await self.broker.die()

    def plan(self, sessions: int) -> list[str]:
        lines: list[str] = []
        headers = "|".join(f"{name}: {value}" for name, value in HEADERS.items())
        grants = msgspec.structs.replace(make_spec().grants, watermark_text=MARK)
        for number in range(sessions):
            ticket = f"ticket-of-a-bench-{number:04}"
            self.broker.tickets[ticket] = make_spec(
                attachment_id=AttachmentId(ticket), session_id=SessionId(ticket), grants=grants
            )
            lines.append(f"/tunnel\t{headers}\t{encode_instruction('', 'ticket', ticket).decode()}")
        return lines


class GuacamoleLite(Peer):
    """On Node.js, from npm; its log off."""

    name = "guacamole-lite"
    source_mode = "guacd"

    def __init__(self, folder: Path, cores: Cores) -> None:
        super().__init__(folder, cores)
        self._key = secrets.token_hex(16)

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "NODE_PATH": str(INSTALLED / "node_modules"), "NODE_ENV": "production"}

    async def prepare(self, source_port: int) -> list[str]:
        return ["node", str(Path(__file__).parent / "guacamole_lite.cjs"), str(self.port), str(source_port), self._key]

    def plan(self, sessions: int) -> list[str]:
        return [f"/?token={self._make_token()}\t\t" for _ in range(sessions)]

    def _make_token(self) -> str:
        settings = {"type": "vnc", "settings": {"hostname": "desktop", "port": "5901", "password": "x"}}
        padder = padding.PKCS7(128).padder()
        plain = padder.update(json.dumps({"connection": settings}).encode()) + padder.finalize()
        iv = os.urandom(16)
        # The first byte of an iv that is no ASCII would be lost by the other side's decoding.
        iv = bytes(byte & 0x7F for byte in iv)
        sealer = Cipher(algorithms.AES(self._key.encode()), modes.CBC(iv)).encryptor()
        value = sealer.update(plain) + sealer.finalize()
        packed = {"iv": base64.b64encode(iv).decode(), "value": base64.b64encode(value).decode()}
        token = base64.urlsafe_b64encode(json.dumps(packed).encode()).decode()
        return token.rstrip("=")


class Websockify(Peer):
    """A process for each session; TCP as it comes, in binary messages."""

    name = "websockify"
    source_mode = "bare"
    protocol = "binary"

    async def prepare(self, source_port: int) -> list[str]:
        python = str(INSTALLED / "venv" / "bin" / "python")
        return [python, "-m", "websockify", f"127.0.0.1:{self.port}", f"127.0.0.1:{source_port}"]


class Nginx(Peer):
    """The native limit: a WebSocket passed through, unread."""

    name = "nginx"
    source_mode = "websocket"

    async def prepare(self, source_port: int) -> list[str]:
        config = self._folder / "nginx.conf"
        config.write_text(f"""
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 16384;
pid {self._folder}/nginx.pid; error_log {self._folder}/nginx.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {self._folder}/body; proxy_temp_path {self._folder}/proxy;
  fastcgi_temp_path {self._folder}/fastcgi; uwsgi_temp_path {self._folder}/uwsgi; scgi_temp_path {self._folder}/scgi;
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      proxy_pass http://127.0.0.1:{source_port};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_buffering off;
      proxy_read_timeout 600s;
      tcp_nodelay on;
    }}
  }}
}}
""")
        return ["nginx", "-p", str(self._folder), "-c", str(config)]


PEERS: Final[Mapping[str, type[Peer]]] = {each.name: each for each in (Sekisho, GuacamoleLite, Websockify, Nginx)}
