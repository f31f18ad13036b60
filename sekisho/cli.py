"""``sekisho``: the command line. A client of the REST API; only migrate, verify, break-glass and serve open more."""

from pathlib import Path

import click

from sekisho.commands.approval import approval
from sekisho.commands.audit import audit
from sekisho.commands.break_glass import break_glass
from sekisho.commands.change import change, exception
from sekisho.commands.code import code
from sekisho.commands.consent import consent
from sekisho.commands.context import CommandContext
from sekisho.commands.demo import demo
from sekisho.commands.device import device
from sekisho.commands.directory import directory
from sekisho.commands.entrance import entrance
from sekisho.commands.flows import flows
from sekisho.commands.key import key
from sekisho.commands.lock import lock
from sekisho.commands.mode import mode
from sekisho.commands.passkey import passkey
from sekisho.commands.pki import pki
from sekisho.commands.policy import policy
from sekisho.commands.pool import desktop, pool
from sekisho.commands.rules import rules
from sekisho.commands.serve import broker, migrate, serve, settings
from sekisho.commands.session import session
from sekisho.commands.smoke import smoke
from sekisho.commands.user import user


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="Settings file of the site (TOML).")
@click.option("--json", "as_json", is_flag=True, help="Print answers as JSON.")
@click.pass_context
def main(context: click.Context, config: Path | None, as_json: bool) -> None:
    """Sekisho (関所): desktops of separated networks, seen from a browser; no data crosses."""
    context.obj = CommandContext(config, as_json=as_json)


for _command in (
    serve,
    broker,
    migrate,
    settings,
    pool,
    desktop,
    session,
    user,
    passkey,
    break_glass,
    lock,
    policy,
    approval,
    consent,
    rules,
    exception,
    change,
    mode,
    device,
    directory,
    flows,
    directory,
    audit,
    key,
    pki,
    entrance,
    demo,
    smoke,
    code,
):
    main.add_command(_command)
