"""The walk through a running demo on the command line."""

from pathlib import Path

import click

from sekisho.commands.context import reports_faults, run_until_done
from sekisho.smoke.run import run_smoke


@click.command()
@click.option(
    "--data", default="var/demo", show_default=True, type=click.Path(path_type=Path), help="Folder of the demo."
)
@reports_faults
def smoke(data: Path) -> None:
    """Sign in, open a desktop of each pool, type, leave, come back, log off. The last line is JSON."""
    if not run_until_done(run_smoke(data.absolute(), click.echo)):
        raise click.exceptions.Exit(1)
