"""Opening a store."""

from broker.errors import StoreUnavailable
from broker.store.engine import make_engine
from broker.store.location import FileOwnership, locate, sqlite_file
from broker.store.migration import check_version
from broker.store.store import SqlStore


async def open_store(database_url: str, *, pool_size: int = 10, is_read_only: bool = False) -> SqlStore:
    """Open the database with ``pool_size`` connections and check its schema.

    A store for writing owns its SQLite file; one that is ``is_read_only`` may stand beside a running broker (audit
    verification, reports). Raises :class:`broker.errors.ConfigurationError` (bad address, file owned by another
    broker), :class:`broker.errors.SchemaMismatch` and :class:`broker.errors.StoreUnavailable`.
    """
    url = locate(database_url)
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise StoreUnavailable(f"{file}: there is no database yet: run `sekisho migrate`")
    ownership = FileOwnership(file) if file is not None and not is_read_only else None
    engine = make_engine(url, pool_size=pool_size, is_read_only=is_read_only, is_for_work=True)
    try:
        await check_version(engine)
    except BaseException:
        await engine.dispose()
        if ownership is not None:
            ownership.give_up()
        raise
    return SqlStore(engine, ownership=ownership, is_read_only=is_read_only)
