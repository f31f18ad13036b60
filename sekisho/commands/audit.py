"""The audit on the command line."""

from typing import TYPE_CHECKING

import click

from sekisho.commands.context import CommandContext, run_until_done, takes_context

if TYPE_CHECKING:
    from broker.audit import VerifyReport


def describe(report: "VerifyReport") -> list[str]:
    """The report in lines for a terminal: each chain, then what is amiss."""
    lines = [
        f"{chain.tenant_id}: {chain.records} records, chained to {chain.last_seq}, "
        f"anchored to {chain.anchored_seq}, {chain.unsealed} not sealed yet"
        for chain in report.chains
    ]
    for finding in report.all_findings:
        where = f"record {finding.seq}" if finding.seq is not None else finding.place
        lines.append(f"AMISS {finding.tenant_id or ''} {where}: {finding.kind}: {finding.meaning}")
    lines.append("in order" if report.is_sound else f"{len(report.all_findings)} findings")
    return lines


@click.group()
def audit() -> None:
    """The audit (監査ログ)."""


@audit.command("list")
@click.option("--text", default="", help="Looked for in actor, subject, event and detail.")
@click.option("--event", default="", help="First letters of the event's name, for instance 'session.'.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@takes_context
def list_records(context: CommandContext, text: str, event: str, limit: int) -> None:
    """The newest records."""
    answer = context.ask("GET", "/admin/audit", query={"text": text, "event": event, "limit": str(limit)})
    context.show(answer["records"], ["at", "event", "actor", "subject", "outcome", "address", "detail"])


@audit.command("verify")
@takes_context
def verify(context: CommandContext) -> None:
    """Check every record against the chain and the signed checkpoints; exit status 1 when something is amiss."""
    from sekisho.audit_check import verify_site

    report = run_until_done(verify_site(context.settings()))
    for line in describe(report):
        click.echo(line)
    if not report.is_sound:
        raise click.exceptions.Exit(1)
