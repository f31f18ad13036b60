"""Statements of the busiest paths: built and compiled once.

Building a statement of SQLAlchemy and looking up its compiled form costs several times what its execution does. So
these have named places (:func:`sqlalchemy.bindparam`) and no values, and on PostgreSQL their text goes to the driver
itself, by the public parts of SQLAlchemy's compiler and types.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy
from sqlalchemy import ColumnElement, Dialect, Executable, Select, Table, UpdateBase, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

_MARK: Final = "given_"
"""In a change SQLAlchemy keeps the columns' own names to itself."""

_Process = Callable[[Any], Any] | None


class Prepared:
    """A statement and, where the two databases differ, its form on SQLite. It must not hold lists of any length."""

    def __init__(
        self, statement: Select[Any] | UpdateBase, *, on_sqlite: Select[Any] | UpdateBase | None = None
    ) -> None:
        self._statement = statement
        self._on_sqlite: Final[Executable] = statement if on_sqlite is None else on_sqlite
        self.is_change: Final = isinstance(statement, UpdateBase)
        self._for_driver: DriverStatement | None = None

    def for_sqlite(self, values: Mapping[str, Any]) -> tuple[Executable, Mapping[str, Any]]:
        return self._on_sqlite, {_MARK + name: value for name, value in values.items()}

    def for_driver(self, dialect: Dialect) -> "DriverStatement":
        """What PostgreSQL's driver takes. All engines of one process speak the same dialect."""
        if self._for_driver is None:
            self._for_driver = DriverStatement(self._statement, dialect)
        return self._for_driver


class DriverStatement:
    """Text with numbered places, and how values come in and go out."""

    __slots__ = ("_places", "_readers", "text")

    def __init__(self, statement: Select[Any] | UpdateBase, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text: Final = str(compiled)
        self._places: Final[Sequence[tuple[str, Any, _Process]]] = [
            (name, compiled.params[name], _writer(compiled.binds[name].type, dialect))
            for name in compiled.positiontup or ()
        ]
        processes = {
            column.name: column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in statement.exported_columns
        }
        self._readers: Final = [(name, process) for name, process in processes.items() if process is not None]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of their places. Raises :class:`KeyError` when one is missing."""
        given = (
            (values[name.removeprefix(_MARK)] if name.startswith(_MARK) else fixed, process)
            for name, fixed, process in self._places
        )
        return [value if process is None else process(value) for value, process in given]

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of the driver by column names, as the columns' types give it."""
        values = dict(row)
        for name, process in self._readers:
            values[name] = process(values[name])
        return values


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Process:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def place(column: ColumnElement[Any], name: str = "") -> sqlalchemy.BindParameter[Any]:
    """A place for a value of this column, by its name."""
    return named(name or str(column.key), column.type)


def named(name: str, kind: TypeEngine[Any], *, is_list: bool = False) -> sqlalchemy.BindParameter[Any]:
    """A place for a value of this type. ``is_list``: for ``IN`` on SQLite."""
    return bindparam(_MARK + name, type_=kind, expanding=is_list)


def prepare_add(table: Table, *, without: Sequence[str] = ()) -> Prepared:
    """Insert; see :meth:`broker.store.statements.Statements.add`."""
    return Prepared(table.insert().values(places_of(table, without)).inline())


def prepare_put(table: Table, keys: Sequence[str]) -> Prepared:
    """Insert, or overwrite the row that has the same ``keys``."""
    values = places_of(table)
    rest = [name for name in values if name not in keys]
    for_postgresql, for_sqlite = postgresql.insert(table).values(values), sqlite.insert(table).values(values)
    return Prepared(
        for_postgresql.on_conflict_do_update(
            index_elements=list(keys), set_={name: for_postgresql.excluded[name] for name in rest}
        ),
        on_sqlite=for_sqlite.on_conflict_do_update(
            index_elements=list(keys), set_={name: for_sqlite.excluded[name] for name in rest}
        ),
    )


def places_of(table: Table, without: Sequence[str] = ()) -> dict[str, sqlalchemy.BindParameter[Any]]:
    return {column.name: place(column) for column in table.columns if column.name not in without}
