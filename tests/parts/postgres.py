"""A private PostgreSQL cluster in a temporary folder, on a Unix socket only. It ends with the test run."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import msgspec

BINARIES = Path("/usr/lib/postgresql/15/bin")
START_LIMIT_S = 30.0
_RISKY_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresCluster:
    """A running cluster; :meth:`create_database` gives each test one of its own."""

    def __init__(self, folder: Path, pid: int) -> None:
        self.folder = folder
        self.pid = pid
        self._made = 0

    def url(self, database: str) -> str:
        return f"postgresql://sekisho@/{database}?host={self.folder}"

    async def create_database(self, *, template: str = "template1") -> str:
        """The address of a new database, a copy of ``template``."""
        self._made += 1
        name = f"test_{self._made}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        await self._execute(f'DROP DATABASE "{self.name_of(url)}" WITH (FORCE)')

    @staticmethod
    def name_of(url: str) -> str:
        return url.split("?", 1)[0].rsplit("/", 1)[1]

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(user="sekisho", database="postgres", host=str(self.folder))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cluster listens beside its socket, and who may come there with the password of ``sekisho``."""

    address: str
    port: int
    client: str
    password: str
    enter: Sequence[str]
    """What a command line begins with that runs on the database's host."""


@contextmanager
def run_postgres(listening: Listening | None = None, *, is_durable: bool = False) -> Iterator[PostgresCluster]:
    """Make a cluster, run it, and remove it. As root it runs under an unprivileged account."""
    risks = () if is_durable else _RISKY_BUT_FAST
    folder = Path(tempfile.mkdtemp(prefix="sekisho-pg-"))
    run_as = _unprivileged(folder)
    try:
        _run([*run_as, str(BINARIES / "initdb"), "-D", str(folder / "data"), *_INITDB])
        settings = [f"-c{setting}" for setting in (*risks, *_listen(listening), "max_connections=60")]
        if listening is not None:
            _let_in(folder, listening)
        command = [
            *(listening.enter if listening is not None else ()),
            *("setpriv", "--pdeathsig", "QUIT", *run_as[1:]),
            *(str(BINARIES / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings),
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
            try:
                _wait_until_ready(server, folder)
                if listening is not None:
                    _run(["psql", "-qh", str(folder), "-U", "sekisho", "-d", "postgres", "-c", _password(listening)])
                yield PostgresCluster(folder, server.pid)
            finally:
                server.send_signal(signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listen(listening: Listening | None) -> tuple[str, ...]:
    if listening is None:
        return ("listen_addresses=",)
    return f"listen_addresses={listening.address}", f"port={listening.port}"


def _let_in(folder: Path, listening: Listening) -> None:
    with (folder / "data/pg_hba.conf").open("a") as rules:
        rules.write(f"host all sekisho {listening.client}/32 scram-sha-256\n")


def _password(listening: Listening) -> str:
    return f"ALTER ROLE sekisho PASSWORD '{listening.password}'"


_INITDB = ("-U", "sekisho", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")


def _unprivileged(folder: Path) -> list[str]:
    """A command prefix that drops root; the folder is handed over."""
    if os.geteuid() != 0:
        return ["setpriv"]
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]}: {done.stderr}")


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while server.poll() is None and time.monotonic() < deadline:
        if subprocess.run([str(BINARIES / "pg_isready"), "-q", "-h", str(folder)], check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text('utf-8', 'replace')}")
