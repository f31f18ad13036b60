"""Alembic's entry. The connection comes from :mod:`broker.store.migration`; its transaction is already open."""

from alembic import context
from sqlalchemy import Connection

from broker.store.schema import METADATA

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
context.run_migrations()
