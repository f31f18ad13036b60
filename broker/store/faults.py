"""Failures of the drivers, told in the program's own words."""

import sqlite3
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from broker.errors import StoreConflict, StoreError, StoreUnavailable

CONNECT_FAILURES: Final = (
    SQLAlchemyError,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
)
"""What may come out of opening a connection: drivers let some of their own through."""

STATEMENT_FAILURES: Final = (SQLAlchemyError, OSError, TimeoutError)

NO_LONGER_USABLE: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError)
"""What the driver raises when it can't even begin on a connection."""

DRIVER_FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What PostgreSQL's driver raises by itself for a statement that it was given directly; beside them what
:data:`STATEMENT_FAILURES` has."""

_TRY_AGAIN_STATES: Final = ("08", "40", "53", "55P03", "57")
"""SQLSTATE prefixes: connection lost, rolled back by the server, out of resources, lock wait over, shut down."""

_REFUSED_STATE: Final = "23"
"""Class of SQLSTATE: the row breaks a rule of the schema."""

_CONFLICT_STATES: Final = ("40001", "40P01")
"""Serialisation failure, deadlock: what the server takes back so that another transaction can go on."""


def fault_of(error: Exception) -> StoreError:
    """The fault that a driver's failure amounts to. Its text never holds parameters of a statement."""
    if isinstance(error, IntegrityError):
        return StoreError(f"the database refused a row: {_first_line(error)}")
    if not isinstance(error, SQLAlchemyError | sqlite3.DataError):
        return StoreUnavailable(f"no answer from the database: {type(error).__name__}: {_first_line(error)}")
    if isinstance(error, PoolTimeout):
        return StoreUnavailable("no connection to the database came free in time")
    if isinstance(error, DBAPIError) and _state_of(error).startswith(_CONFLICT_STATES):
        return StoreConflict(f"taken back by the database: {_first_line(error)}")
    if isinstance(error, DBAPIError) and _may_try_again(error):
        return StoreUnavailable(f"no answer from the database: {_first_line(error)}")
    return StoreError(f"the database failed: {_first_line(error)}")


def fault_of_driver(error: Exception) -> StoreError:
    """The same for :data:`DRIVER_FAILURES`, which come as the driver raised them."""
    state = getattr(error, "sqlstate", None)
    told = _first_line(error)
    if not isinstance(state, str):
        return StoreUnavailable(f"no answer from the database: {type(error).__name__}: {told}")
    if state.startswith(_REFUSED_STATE):
        return StoreError(f"the database refused a row: {told}")
    if state.startswith(_CONFLICT_STATES):
        return StoreConflict(f"taken back by the database: {told}")
    if state.startswith(_TRY_AGAIN_STATES):
        return StoreUnavailable(f"no answer from the database: {told}")
    return StoreError(f"the database failed: {told}")


def _may_try_again(error: DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return True
    return _state_of(error).startswith(_TRY_AGAIN_STATES)


def _state_of(error: DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else ""


def _first_line(error: Exception) -> str:
    told = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(told).splitlines()
    return lines[0] if lines else type(told).__name__
