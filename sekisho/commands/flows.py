"""Permitted flows (特定通信) on the command line. They read the settings file alone: no broker has to run."""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import click
import msgspec

from broker.errors import ConfigurationError, SekishoError
from broker.flow import Flow, derive, refusals_of_flows, ruleset_of
from broker.flow.checking import NO_HOSTS
from broker.flow.day import day_of
from broker.flow.table import ENGLISH, JAPANESE, FlowRow, flow_rows
from broker.policy.checking import list_refusals
from broker.settings import SiteSettings
from sekisho.commands.context import CommandContext, escape_unseen, format_table, takes_context
from sekisho.flows.records import Report

_SHOWN_ADDRESSES: Final = 2
_LANGUAGES: Final = {"ja": JAPANESE, "en": ENGLISH}


@click.group()
def flows() -> None:
    """Permitted flows (特定通信): what may connect to what, derived from the settings."""


@flows.command("list")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.option("--host", default="", help="Only flows of this host.")
@click.option("--language", type=click.Choice(list(_LANGUAGES)), default="ja", show_default=True)
@takes_context
def list_flows(context: CommandContext, form: str, host: str, language: str) -> None:
    """Every connection that the site needs; nothing else has to be let through."""
    settings = context.settings()
    listed = _listed(settings, host)
    if form == "json" or context.as_json:
        click.echo(escape_unseen(msgspec.json.format(msgspec.json.encode(listed, order="deterministic")).decode()))
        return
    words = _LANGUAGES[language]
    rows = flow_rows(settings, listed, words)
    if form == "csv":
        from web.spreadsheet import write_csv

        click.echo(write_csv([words.head, *(row.cells() for row in rows)]), nl=False)
        return
    head = [words.head[column] for column in (0, 1, 2, 3, 4, 5, 6, 8)]
    click.echo(format_table(head, [[escape_unseen(cell, kept="") for cell in _short(row)] for row in rows]))


def _listed(settings: SiteSettings, host: str) -> Sequence[Flow]:
    """Raises :class:`ConfigurationError` for settings that nothing can be derived from."""
    if not settings.hosts:
        raise ConfigurationError(NO_HOSTS)
    if refusals := refusals_of_flows(settings):
        raise ConfigurationError(list_refusals(refusals))
    listed = derive(settings, day_of(settings, datetime.now(UTC)))
    if not host:
        return listed
    if host not in {one.id for one in settings.hosts}:
        known = ", ".join(one.id for one in settings.hosts)
        raise ConfigurationError(f"$.hosts: there is no host {host!r}; known: {known}")
    return [flow for flow in listed if flow.touches(host)]


def _short(row: FlowRow) -> list[str]:
    """A row for a terminal."""
    ends = [row.source, _few(row.source_addresses), row.target, _few(row.target_addresses)]
    until = f" ({row.until})" if row.until[:1].isdigit() else ""
    return [str(row.number), *ends, row.protocol.upper(), str(row.port), row.why + until]


def _few(addresses: Sequence[str]) -> str:
    more = len(addresses) - _SHOWN_ADDRESSES
    return " ".join(addresses[:_SHOWN_ADDRESSES]) + (f" +{more}" if more > 0 else "")


@flows.command("nft")
@click.option("--host", required=True, help="Id of the host.")
@takes_context
def print_ruleset(context: CommandContext, host: str) -> None:
    """The packet filter of a host for ``nft -f``. Loading it again is harmless."""
    settings = context.settings()
    click.echo(ruleset_of(settings, host, day_of(settings, datetime.now(UTC))), nl=False)


@flows.command("check")
@click.option("--host", required=True, help="Id of the host that this machine is.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--count", default=100, show_default=True, type=click.IntRange(0, 10_000), help="Unlisted paths to try.")
@click.option("--seed", type=int, help="Of the sample; without it another one each time.")
@click.option("--timeout", "timeout_s", default=2.0, show_default=True, type=click.FloatRange(0.1, 30), help="Seconds.")
@click.pass_obj
def check(context: CommandContext, host: str, form: str, count: int, seed: int | None, timeout_s: float) -> None:
    """Run on a host: are its listed flows open, unlisted ones shut, its packet filter as derived?

    Exit status: 0 all is well, 1 findings, 2 it could not be checked (no root, no nftables, not this machine).
    """
    from sekisho.flows.check import check_host

    try:
        settings = context.settings()
        today = day_of(settings, datetime.now(UTC))
        chosen = secrets.randbelow(2**31) if seed is None else seed
        report = asyncio.run(check_host(settings, host, today, count=count, seed=chosen, timeout_s=timeout_s))
    except SekishoError as error:
        click.echo(f"can't check: {escape_unseen(str(error))}", err=True)
        raise click.exceptions.Exit(2) from error
    if form == "json" or context.as_json:
        click.echo(escape_unseen(msgspec.json.format(msgspec.json.encode(report)).decode()))
    else:
        for line in _describe(report):
            click.echo(escape_unseen(line))
    if report.findings:
        raise click.exceptions.Exit(1)


def _describe(report: Report) -> Iterator[str]:
    answers = ", ".join(f"{number} {answer}" for answer, number in report.unlisted_answers.items())
    yield f"{report.host}: {report.flows_open} of {report.flows} listed flows open"
    if report.not_probed:
        yield f"  not probed (UDP or a range): {', '.join(report.not_probed)}"
    yield f"  {report.unlisted} unlisted paths tried{f': {answers}' if answers else ''} (--seed {report.seed})"
    for finding in report.findings:
        yield f"{finding.kind.upper()} {finding.subject}: {finding.what}"
        yield f"  → {finding.remedy}"
    yield f"{len(report.findings)} findings" if report.findings else "in order"
