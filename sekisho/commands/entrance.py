"""Entrances on the command line."""

from pathlib import Path

import click

from broker.errors import ConfigurationError
from sekisho.commands.context import CommandContext, takes_context
from sekisho.entrance.haproxy import haproxy_config
from sekisho.private_files import write_private
from sekisho.site import check_site


@click.group()
def entrance() -> None:
    """The ways in (入口) of the site."""


@entrance.command("config")
@click.argument("entrance_id", metavar="ID")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; otherwise printed.")
@takes_context
def config(context: CommandContext, entrance_id: str, output: Path | None) -> None:
    """Write HAProxy's configuration for an entrance. Check it on the proxy's host: haproxy -c -f FILE"""
    settings = context.settings()
    check_site(settings)
    text = haproxy_config(settings, entrance_id)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        write_private(output, text)
    except OSError as error:
        raise ConfigurationError(f"{output}: can't be written: {error.strerror}") from error
    click.echo(f"{output}: written; check it with: haproxy -c -f {output}")
