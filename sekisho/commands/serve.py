"""Processes on the command line: the whole host, the broker alone, the schema, the settings."""

from pathlib import Path

import click

from sekisho.commands.context import CommandContext, run_until_done, takes_context


@click.command()
@click.option("--host-config", type=click.Path(path_type=Path), required=True, help="Settings of this host (TOML).")
@takes_context
def serve(context: CommandContext, host_config: Path) -> None:
    """Run broker, gateway, agent and guacd on this host, as siblings under one supervisor."""
    from sekisho.host import serve_host

    run_until_done(serve_host(context.config_path, host_config, click.echo))


@click.command()
@takes_context
def broker(context: CommandContext) -> None:
    """Run the broker alone, in the foreground."""
    from sekisho.broker_process import run_broker

    run_until_done(run_broker(context.settings()))


@click.command()
@takes_context
def migrate(context: CommandContext) -> None:
    """Bring the database's schema to that of this program."""
    from broker.store import migrate as migrate_database
    from sekisho.site import database_url, prepare_data_dir

    settings = context.settings()
    prepare_data_dir(settings)
    run_until_done(migrate_database(database_url(settings)))
    click.echo("the schema is up to date")


@click.group()
def settings() -> None:
    """The settings file."""


@settings.command("check")
@takes_context
def check_settings(context: CommandContext) -> None:
    """Read the settings and say what is wrong with them, without starting anything."""
    from broker.pool.desired_rules import notes_on_rules, read_desired_rules
    from sekisho.site import check_site

    settings = context.settings()
    check_site(settings)
    for tenant in settings.tenants:
        for note in notes_on_rules(read_desired_rules(settings, tenant)):
            click.echo(f"note: {note.path}: {note.why}")
    click.echo(f"{context.config_path}: in order")
