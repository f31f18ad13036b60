"""The site under the storm: settings as an operator writes them, a database with everybody's authenticator app, and
the broker as it is deployed, a process of its own."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import tomli_w

from bench.signin_storm_directory import groups_of
from bench.signin_storm_staff import TENANT, department_of, login_of, totp_text_of, user_id_of
from broker.model.enrolment import TotpEnrolment
from broker.model.ids import TenantId, UserId
from broker.model.records import Tenant, User
from broker.secret import SealingKey, Secret
from broker.settings import load_settings
from broker.signin.proving import totp_purpose
from broker.store import migrate, open_store
from broker.store.engine import WRITES, make_engine
from broker.store.location import locate
from broker.store.schema.people import USER
from broker.store.schema.signin import TOTP_ENROLMENT
from broker.store.statements import Statements, columns_of
from sekisho.site import database_url, load_sealing_key, prepare_data_dir

_START_S: Final = 60.0
_ROWS_AT_ONCE: Final = 1000


class Site(msgspec.Struct, frozen=True, kw_only=True):
    config: Path
    port: int
    admin_socket: Path


def write_site(folder: Path, directory: Mapping[str, Any], database: str) -> Site:
    """``database``: a URL, or empty for SQLite in the data folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    data = folder / "data"
    tenant = {
        "id": TENANT, "name_ja": "日の出市", "name_en": "Hinode", "hostnames": ["localhost"], "pools": [],
        "zones": [{"id": "lgwan", "name_ja": "LGWAN接続系", "name_en": "LGWAN"}], "directory": dict(directory),
    }  # fmt: skip
    table = {
        "data_dir": str(data), "portal": {"port": port, "public_url": f"http://localhost:{port}"},
        "database": {"url": database}, "log": {"level": "warning"}, "tenants": [tenant],
    }  # fmt: skip
    config = folder / "site.toml"
    config.write_text(tomli_w.dumps(table))
    return Site(config=config, port=port, admin_socket=data / "run/admin.sock")


async def fill_database(site: Site, staff: int) -> None:
    """The schema, and everybody as if they had signed in once before and enrolled an authenticator app then."""
    settings = load_settings(site.config)
    prepare_data_dir(settings)
    url = database_url(settings)
    await migrate(url)
    store = await open_store(url)
    async with store.write() as tx:
        await tx.people.put_tenant(
            Tenant(id=TenantId(TENANT), name_ja="日の出市", name_en="Hinode", hostnames=frozenset({"localhost"}))
        )
        now = tx.now
    await store.close()
    sealing = load_sealing_key(settings)
    engine = make_engine(locate(url), pool_size=1)
    async with engine.connect() as opened:
        connection = await opened.execution_options(**WRITES)
        async with connection.begin():
            rows = Statements(connection, now=now, is_writing=True)
            for some in _in_parts(staff):
                people = [columns_of(_person(number), without=["is_enrolled"]) for number in some]
                await rows.run(USER.insert(), people)
                enrolled = [columns_of(_enrolment(number, sealing, now)) for number in some]
                await rows.run(TOTP_ENROLMENT.insert(), enrolled)
    await engine.dispose()


@contextlib.asynccontextmanager
async def run_broker(site: Site) -> AsyncIterator[int]:
    """The broker's process id, once it serves."""
    command = (sys.executable, "-m", "sekisho", "--config", str(site.config), "broker")
    process = await asyncio.create_subprocess_exec(*command)
    try:
        async with asyncio.timeout(_START_S):
            while not await _serves(site.port):
                if process.returncode is not None:
                    raise RuntimeError("the broker did not start")
                await asyncio.sleep(0.1)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _serves(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _in_parts(staff: int) -> Iterator[range]:
    for start in range(0, staff, _ROWS_AT_ONCE):
        yield range(start, min(start + _ROWS_AT_ONCE, staff))


def _person(number: int) -> User:
    return User(
        tenant_id=TenantId(TENANT),
        id=UserId(user_id_of(number)),
        login=login_of(number),
        display_name=f"職員 {login_of(number)}",
        department=department_of(number),
        groups=groups_of(number),
        roles=frozenset(),
    )


def _enrolment(number: int, sealing: SealingKey, now: datetime) -> TotpEnrolment:
    tenant_id, user_id = TenantId(TENANT), UserId(user_id_of(number))
    secret = Secret(totp_text_of(number))
    return TotpEnrolment(
        tenant_id=tenant_id,
        user_id=user_id,
        secret=sealing.seal(totp_purpose(tenant_id, user_id), secret),
        last_step=0,
        confirmed_at=now.astimezone(UTC),
    )
