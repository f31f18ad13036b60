"""The service authority on the command line."""

from datetime import UTC, datetime
from pathlib import Path

import click

from broker.errors import ConfigurationError
from broker.model.service_name import ServiceKind, ServiceName, is_service_id
from sekisho.commands.context import CommandContext, one_of, takes_context
from sekisho.pki.authority import SERVICE_DAYS
from sekisho.pki.folder import Pair, init_folder, issue_into, service_request

_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Folder of the authority; without it 'pki' in the data folder of the settings.",
)
_force = click.option("--force", is_flag=True, help="Replace what is there.")


@click.group()
def pki() -> None:
    """Certificates of the site's own services (サービス間の証明書)."""


@pki.command("init")
@_folder
@click.option("--title", default="Sekisho service authority", show_default=True)
@_force
@takes_context
def init(context: CommandContext, folder: Path | None, title: str, force: bool) -> None:
    """Make the authority. Its key signs every service: keep it away from the hosts that people reach."""
    if not title.strip() or len(title) > 64:
        raise ConfigurationError("--title: between 1 and 64 characters")
    _say(init_folder(_choose(context, folder), title, now=datetime.now(UTC), may_replace=force))


@pki.command("issue")
@click.argument("kind", type=one_of(ServiceKind))
@click.argument("service_id", metavar="ID")
@click.option("--dns", multiple=True, help="Host name by which others dial it; may be given again.")
@click.option("--ip", "addresses", multiple=True, help="Address by which others dial it; may be given again.")
@click.option("--days", default=SERVICE_DAYS, show_default=True, type=click.IntRange(1, 3650))
@_folder
@_force
@takes_context
def issue(
    context: CommandContext,
    kind: str,
    service_id: str,
    *,
    dns: tuple[str, ...],
    addresses: tuple[str, ...],
    days: int,
    folder: Path | None,
    force: bool,
) -> None:
    """Make a key and a certificate for a service, or renew them (--force keeps the names when none is given)."""
    if not is_service_id(service_id):
        raise ConfigurationError(f"{service_id!r}: an id has a-z, 0-9, '.', '_' and '-', at most 64 characters")
    request = service_request(ServiceName(ServiceKind(kind), service_id), dns, addresses, days)
    _say(issue_into(_choose(context, folder), request, now=datetime.now(UTC), may_replace=force))


def _choose(context: CommandContext, folder: Path | None) -> Path:
    return folder if folder is not None else context.settings().path("pki")


def _say(pair: Pair) -> None:
    click.echo(f"{pair.certificate}\n{pair.key}\ngood until {pair.ends:%Y-%m-%d}")
