"""Run the demo city: prepare its parts, write the settings, start everything, say how to use it, wait for the end."""

import asyncio
import fcntl
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError, SekishoError
from broker.settings import load_settings
from broker.store import migrate
from pools.sandbox.browser import PROGRAM as BROWSER
from sekisho.api_client import call_api
from sekisho.demo import directory, rdp_host, site
from sekisho.demo.city import Person, demo_accounts, staff
from sekisho.demo.ports import require_different, require_free, take_free
from sekisho.demo.secrets import DemoSecrets, load_or_create
from sekisho.demo.state import DemoState, remove_state, write_state
from sekisho.demo.welcome import welcome
from sekisho.host import host_children, load_host, start_until_stopped
from sekisho.site import database_url, prepare_data_dir
from sekisho.supervisor.child import ChildSpec, is_tcp_open
from sekisho.supervisor.supervise import Supervisor

GUACD_ROOT: Final = Path(__file__).resolve().parents[2] / "var/cache/guacd/root"
_READY_DEADLINE_S: Final = 90.0
_WALKER_DEPARTMENT: Final = "市民課"


def load_secrets(data_dir: Path) -> DemoSecrets:
    """The demo's secrets; those that are missing are made."""
    return load_or_create(
        data_dir / "secrets.toml", people=[person.uid for person in staff()], rdp=rdp_host.ACCOUNT_NAMES
    )


def smoke_walker() -> Person:
    """A member of staff with all pools whom the demo's first page does not name."""
    named = set(demo_accounts())
    return next(
        person
        for person in reversed(staff())
        if person.department.name == _WALKER_DEPARTMENT and person not in named and len(person.groups) >= 5
    )


async def run_demo(data_dir: Path, port: int, gateway_port: int, say: Callable[[str], None]) -> None:
    """Run until a stop signal. Raises :class:`ConfigurationError` before anything was started when it can't."""
    require_different(port, gateway_port)
    require_free(port, "the portal", "PORT")
    require_free(gateway_port, "the gateway", "GATEWAY_PORT")
    with _alone(data_dir):
        began = time.monotonic()
        ports = _choose_ports(port, gateway_port)
        say("関所市（デモ）を準備しています / preparing the demo city")
        children = await _prepare(data_dir, ports, say)
        remove_state(data_dir)

        async with Supervisor(data_dir / "log", say) as supervisor:
            announce: list[asyncio.Task[None]] = []

            def when_ready() -> None:
                announce.append(asyncio.create_task(_announce(data_dir, began, say)))

            try:
                await start_until_stopped(supervisor, children, when_ready)
            finally:
                remove_state(data_dir)
                for task in announce:
                    task.cancel()
                say("停止しています / stopping")
        say("停止しました / stopped")


@contextmanager
def _alone(data_dir: Path) -> Generator[None]:
    """One demo for each folder: a lock that the kernel drops with the process."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"a demo already runs from {data_dir}: end it, or give another --data") from None
        yield


def _choose_ports(port: int, gateway_port: int) -> site.DemoPorts:
    ldap, ldaps, rdp, web = take_free(4)
    return site.DemoPorts(
        portal=port,
        gateway=gateway_port,
        ldap=ldap,
        ldaps=ldaps,
        rdp=rdp,
        web=web if BROWSER.is_file() else None,
    )


async def _prepare(data_dir: Path, ports: site.DemoPorts, say: Callable[[str], None]) -> list[ChildSpec]:
    secrets = load_secrets(data_dir)
    directory_parts = await asyncio.to_thread(
        directory.prepare,
        data_dir / "directory",
        directory.DirectoryPorts(ports.ldap, ports.ldaps),
        secrets,
        now=datetime.now(UTC),
    )
    rdp = await asyncio.to_thread(rdp_host.prepare, data_dir / "rdp", ports.rdp, secrets)
    accounts: list[site.RdpAccount] = []
    parts: list[ChildSpec] = [_directory_child(directory_parts)]
    match rdp:
        case rdp_host.RdpHost():
            accounts = [site.RdpAccount(username=name, password_file=path) for name, path in rdp.password_files.items()]
            parts.append(_rdp_child(rdp, ports.rdp))
        case rdp_host.LeftOut():
            say(f"  RDPのデスクトップは省略します / the RDP desktop is left out: {rdp.reason}")
    if ports.web is None:
        say(f"  仮想ブラウザーは省略します / the virtual browser is left out: there is no {BROWSER}")
    else:
        parts.append(_websites_child(ports.web))
    site.write_settings(data_dir, ports, directory_parts, accounts, GUACD_ROOT)
    config = data_dir / "site.toml"
    settings = load_settings(config)
    prepare_data_dir(settings)
    await migrate(database_url(settings))
    return [*parts, *host_children(config, settings, load_host(data_dir / "host.toml"))]


def _directory_child(parts: directory.DirectoryParts) -> ChildSpec:
    return ChildSpec(
        name="slapd",
        label="OpenLDAP (200 staff)",
        command=directory.command(parts),
        is_ready=lambda: is_tcp_open("127.0.0.1", parts.ports.ldap),
    )


def _rdp_child(host: rdp_host.RdpHost, port: int) -> ChildSpec:
    return ChildSpec(
        name="xrdp",
        label="RDP host (xrdp)",
        command=rdp_host.command(host),
        is_ready=lambda: is_tcp_open("127.0.0.1", port),
        guard_by_stdin=True,
        is_optional=True,
    )


def _websites_child(port: int) -> ChildSpec:
    return ChildSpec(
        name="websites",
        label="small Internet (two web sites)",
        command=[sys.executable, "-m", "sekisho.demo.websites", str(port)],
        is_ready=lambda: is_tcp_open("127.0.0.1", port),
    )


async def _announce(data_dir: Path, began: float, say: Callable[[str], None]) -> None:
    """Wait for the first spare desktops, leave the state for the smoke walk, print the welcome."""
    settings = load_settings(data_dir / "site.toml")
    admin_socket = settings.path(settings.portal.admin_socket)
    say("  最初のデスクトップを起動しています / starting the first desktops …")
    give_up_at = time.monotonic() + _READY_DEADLINE_S
    while not await _are_desktops_ready(admin_socket):
        if time.monotonic() > give_up_at:
            say(f"  デスクトップが起動しません / no desktop became ready; see {data_dir / 'log' / 'agent.log'}")
            return
        await asyncio.sleep(0.25)
    pools = [pool.id for tenant in settings.tenants for pool in tenant.pools]
    write_state(
        data_dir,
        DemoState(
            portal_url=settings.portal.public_url,
            tunnel_url=settings.portal.tunnel_url,
            admin_socket=str(admin_socket),
            tenant=site.TENANT_ID,
            pools=pools,
            walker=smoke_walker().uid,
        ),
    )
    say(welcome(settings.portal.public_url, load_secrets(data_dir), data_dir, time.monotonic() - began))


async def _are_desktops_ready(admin_socket: Path) -> bool:
    """Whether every pool that keeps spares has at least one ready."""
    try:
        answer = await call_api(admin_socket, "GET", "/admin/pools")
    except SekishoError:
        return False
    keeps_spares = [pool for pool in answer["pools"] if pool["target_ready"] > 0]
    return all(pool["counts"].get("ready", 0) > 0 for pool in keeps_spares)
