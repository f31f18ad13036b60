"""The demo city on the command line."""

from pathlib import Path

import click

from sekisho.commands.context import reports_faults, run_until_done


@click.command()
@click.option("--port", default=8400, show_default=True, help="Port of the portal.")
@click.option("--gateway-port", default=8401, show_default=True, help="Port of the gateway.")
@click.option(
    "--data", default="var/demo", show_default=True, type=click.Path(path_type=Path), help="Folder of the demo."
)
@reports_faults
def demo(port: int, gateway_port: int, data: Path) -> None:
    """Run a demo city on this machine: directory, desktops and all of Sekisho. Ctrl-C ends it."""
    from sekisho.demo.run import run_demo

    run_until_done(run_demo(data.absolute(), port, gateway_port, click.echo))
