"""What every command shares: where the settings are, how an answer is printed, how a fault ends the program."""

import asyncio
import os
import unicodedata
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar, cast

import click
import msgspec

from broker.errors import ConfigurationError, SekishoError
from broker.model.text import is_unseen

if TYPE_CHECKING:
    from broker.settings import SiteSettings

DEMO_CONFIG: Final = Path("var/demo/site.toml")
_P = ParamSpec("_P")
_T = TypeVar("_T")


class CommandContext:
    """The settings file, read when a command first needs it."""

    def __init__(self, config: Path | None, *, as_json: bool) -> None:
        self._config = config
        self._as_json = as_json

    @property
    def config_path(self) -> Path:
        """``--config``, then ``SEKISHO_CONFIG``, then the demo's file when a demo was made here."""
        if self._config:
            return self._config
        named = os.environ.get("SEKISHO_CONFIG")
        if named:
            return Path(named)
        if DEMO_CONFIG.exists():
            return DEMO_CONFIG
        raise ConfigurationError("no settings file: give --config FILE or set SEKISHO_CONFIG")

    @property
    def as_json(self) -> bool:
        return self._as_json

    def settings(self) -> "SiteSettings":
        from broker.settings import load_settings

        return load_settings(self.config_path)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        tenant: str | None = None,
    ) -> Any:
        """One API call over the admin socket. ``tenant`` is needed where there are several."""
        from sekisho.api_client import call_api

        settings = self.settings()
        socket_path = settings.path(settings.portal.admin_socket)
        return asyncio.run(call_api(socket_path, method, path, body=body, query=query, tenant=tenant))

    def show(self, answer: Any, columns: Sequence[str]) -> None:
        """A list as a table of these columns, anything as JSON with ``--json``."""
        if self._as_json:
            click.echo(escape_unseen(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()))
            return
        rows = [[_cell(row, column) for column in columns] for row in answer]
        click.echo(format_table(list(columns), rows))


def _cell(row: Mapping[str, object], column: str) -> str:
    value = row.get(column)
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        return escape_unseen(" ".join(f"{key}={item}" for key, item in pairs.items()), kept="")
    if isinstance(value, list):
        items = cast("list[object]", value)
        return escape_unseen(" ".join(str(item) for item in items), kept="") or "-"
    return "-" if value is None else escape_unseen(str(value), kept="")


def escape_unseen(text: str, *, kept: str = "\n") -> str:
    """A text that a terminal shows and does not obey: what is invisible is written as in JSON (RFC 8259, section 7)."""
    return "".join(sign if sign in kept or not is_unseen(sign) else _escape(sign) for sign in text)


def _escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def format_table(header: list[str], rows: list[list[str]]) -> str:
    """Columns aligned by display width, so that Japanese names stay in line."""
    if not rows:
        return "(none)"
    widths = [max(_width(row[index]) for row in [header, *rows]) for index in range(len(header))]
    lines = [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join(lines)


def reports_faults(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """Turns a fault into one line on standard error and exit status 1."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return command(*args, **kwargs)
        except SekishoError as error:
            raise click.ClickException(escape_unseen(str(error))) from error

    return run


def takes_context(
    command: Callable[Concatenate[CommandContext, _P], _T],
) -> Callable[_P, _T]:
    """Hands the command its :class:`CommandContext` and reports faults."""
    return click.pass_obj(reports_faults(command))


def one_of(words: type[StrEnum]) -> click.Choice[str]:
    """An option that takes one of these words, as they are written everywhere else."""
    return click.Choice([word.value for word in words])


def run_until_done(work: Coroutine[Any, Any, _T]) -> _T:
    """Run on uvloop where it is there."""
    import uvloop

    return uvloop.run(work)
