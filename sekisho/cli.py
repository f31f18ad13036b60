"""``sekisho``: the command line. A client of the REST API; only migrate, verify, break-glass and serve open more."""

from pathlib import Path

import click

from sekisho.command_table import TableOfCommands
from sekisho.commands.context import CommandContext


@click.group(cls=TableOfCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="Settings file of the site (TOML).")
@click.option("--json", "as_json", is_flag=True, help="Print answers as JSON.")
@click.pass_context
def main(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Sekisho (関所): desktops of separated networks, seen from a browser; no data crosses."""
    context.obj = CommandContext(config, as_json=as_json)
