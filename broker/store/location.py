"""Which database an URL means, and what is particular to a file of SQLite: its mode and its one owner."""

import fcntl
import os
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from broker.errors import ConfigurationError

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def locate(database_url: str) -> URL:
    """The address with its driver. Takes ``sqlite:///file`` and ``postgresql://…``.

    Raises :class:`ConfigurationError` for anything else; the message holds no password.
    """
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise ConfigurationError("database.url: not an address of a database") from error
    driver = _DRIVERS.get(url.drivername.split("+", 1)[0])
    if driver is None:
        raise ConfigurationError(f"database.url: only sqlite and postgresql are known, not {url.drivername}")
    if driver.startswith("sqlite") and (not url.database or url.database == ":memory:"):
        raise ConfigurationError("database.url: SQLite needs a file (sqlite:////var/lib/sekisho/sekisho.db)")
    return url.set(drivername=driver)


def sqlite_file(url: URL) -> Path | None:
    """The file behind the address; None for PostgreSQL."""
    if not url.drivername.startswith("sqlite") or url.database is None:
        return None
    return Path(url.database).resolve()


def create_file(path: Path) -> None:
    """Make an empty database file that only its owner reads; SQLite gives its side files the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be created: {error.strerror}") from error


class FileOwnership:
    """A lock beside a SQLite file: one broker at a time. The kernel drops it with the process, however that ends."""

    def __init__(self, database: Path) -> None:
        """Raises :class:`ConfigurationError` when another process (or another store in this one) owns the file."""
        path = database.with_name(f"{database.name}.lock")
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{path}: can't be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise ConfigurationError(
                f"{database}: another broker works on this SQLite file; stop it first, "
                "or use PostgreSQL, which serves several brokers"
            ) from None

    def give_up(self) -> None:
        """Let go; a second call does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
