"""Pools and desktops on the command line."""

import click

from sekisho.commands.context import CommandContext, takes_context


@click.group()
def pool() -> None:
    """Desktop pools (デスクトッププール)."""


@pool.command("list")
@takes_context
def list_pools(context: CommandContext) -> None:
    """Pools with the number of desktops in each state."""
    answer = context.ask("GET", "/admin/pools")
    context.show(answer["pools"], ["id", "name_ja", "zone", "kind", "is_open", "counts", "queued", "live_sessions"])


@pool.command("desktops")
@click.argument("pool_id")
@takes_context
def list_desktops(context: CommandContext, pool_id: str) -> None:
    """Desktops of one pool."""
    answer = context.ask("GET", f"/admin/pools/{pool_id}/desktops")
    context.show(answer["desktops"], ["id", "name", "state", "user", "fault"])


@pool.command("close")
@click.argument("pool_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def close_pool(context: CommandContext, pool_id: str, reason: str) -> None:
    """Take no new sessions; those that are there go on."""
    context.ask("POST", f"/admin/pools/{pool_id}/close", body={"reason": reason})
    click.echo(f"{pool_id}: closed for new sessions")


@pool.command("open")
@click.argument("pool_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def open_pool(context: CommandContext, pool_id: str, reason: str) -> None:
    """Take new sessions again."""
    context.ask("POST", f"/admin/pools/{pool_id}/open", body={"reason": reason})
    click.echo(f"{pool_id}: open")


@click.group()
def desktop() -> None:
    """Desktops (仮想デスクトップ)."""


@desktop.command("repair")
@click.argument("desktop_id")
@takes_context
def repair_desktop(context: CommandContext, desktop_id: str) -> None:
    """Take a faulty desktop back into its pool: it is made anew."""
    context.ask("POST", f"/admin/desktops/{desktop_id}/repair")
    click.echo(f"{desktop_id}: will be made anew")
