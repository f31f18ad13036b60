"""The store on SQLite and PostgreSQL. This is the public face; SQLAlchemy is known nowhere else.

``open_store`` → :class:`SqlStore` (implements :class:`broker.ports.Store`); ``migrate`` makes or renews the schema.
"""

from broker.store.migration import migrate
from broker.store.opening import open_store
from broker.store.store import SqlStore
from broker.store.transaction import SqlTransaction

__all__ = ["SqlStore", "SqlTransaction", "migrate", "open_store"]
