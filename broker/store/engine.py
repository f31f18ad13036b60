"""Engines: how connections to SQLite and PostgreSQL are made and begun."""

from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

APPLICATION: Final = "sekisho"
POOL_WAIT_S: Final = 30
CONNECT_TIMEOUT_S: Final = 10
STATEMENT_TIMEOUT_S: Final = 30
BUSY_TIMEOUT_MS: Final = 10_000

WRITES: Final[dict[str, Any]] = {"sekisho_writes": True}
"""Execution options of a transaction that may change something."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # A commit is on the disk before anybody hears of it.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
)


def make_engine(
    url: URL,
    *,
    pool_size: int,
    is_read_only: bool = False,
    statement_timeout_s: int = STATEMENT_TIMEOUT_S,
    is_for_work: bool = False,
) -> AsyncEngine:
    """An engine with ``pool_size`` connections, 0 for a new one each time. Nothing is connected yet.

    ``statement_timeout_s`` bounds each statement on PostgreSQL, 0 for no bound. ``is_for_work``: on PostgreSQL every
    transaction is begun and ended by :mod:`broker.store.work`, which also notices connections that are gone.
    """
    if url.drivername.startswith("sqlite"):
        return _sqlite(url, pool_size, is_read_only=is_read_only)
    own = {"isolation_level": "AUTOCOMMIT"} if is_for_work else {"pool_pre_ping": True}
    return _postgresql(url, statement_timeout_s, is_read_only=is_read_only, options=own | _pooling(pool_size))


def _pooling(pool_size: int) -> dict[str, Any]:
    if pool_size == 0:
        return {"poolclass": NullPool}
    return {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": POOL_WAIT_S}


def _sqlite(url: URL, pool_size: int, *, is_read_only: bool) -> AsyncEngine:
    # isolation_level None: the driver begins nothing by itself, so that BEGIN is ours alone.
    engine = create_async_engine(url, connect_args={"isolation_level": None}, **_pooling(pool_size))
    pragmas = (*_PRAGMAS, "PRAGMA query_only = ON") if is_read_only else _PRAGMAS

    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("sekisho_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _postgresql(url: URL, statement_timeout_s: int, *, is_read_only: bool, options: dict[str, Any]) -> AsyncEngine:
    session = {
        "application_name": APPLICATION,
        "timezone": "UTC",
        "statement_timeout": f"{statement_timeout_s}s",
        "idle_in_transaction_session_timeout": f"{2 * statement_timeout_s}s",
        "default_transaction_read_only": "on" if is_read_only else "off",
    }
    connect_args = {
        "timeout": CONNECT_TIMEOUT_S,
        # A little longer than the server's own limit: only a server that is gone is cut off from here.
        "command_timeout": statement_timeout_s + 5 if statement_timeout_s else None,
        "server_settings": session,
    }
    return create_async_engine(url, connect_args=connect_args, **options)
