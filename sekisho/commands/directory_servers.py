"""Servers of directories on the command line: how they are, and whether a sign-in works there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from broker.model.directory_health import CheckProblem, CheckResult
from sekisho.commands.context import CommandContext, escape_unseen, takes_context

_COLUMNS: Final = (
    "directory", "server", "state", "since", "requests", "faults", "median_ms", "p99_ms", "busy_threads",
    "max_threads", "waiting", "last_fault",
)  # fmt: skip
_TENANT: Final = click.option("--tenant", help="Id of the municipality, where there are several.")
_REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        CheckProblem.NAME_UNKNOWN: "check the spelling in url, and the DNS settings of this host",
        CheckProblem.REFUSED: "nothing listens there: check that the directory runs, and the port in url",
        CheckProblem.SILENT: "no answer in time: check firewalls on the way and the load of the server",
        CheckProblem.TLS_REFUSED: "no TLS: ldap:// wants a port with StartTLS (389), ldaps:// one with LDAPS (636), "
        "and the server a certificate",
        CheckProblem.OTHER_AUTHORITY: "put the certificate of the CA that issued the server's into ca_file",
        CheckProblem.OTHER_NAME: "write url with a name that is in the certificate, or issue the certificate anew",
        CheckProblem.CERTIFICATE_EXPIRED: "issue the server's certificate anew",
        CheckProblem.CERTIFICATE_ENDS_SOON: "less than 30 days are left: plan the renewal",
        CheckProblem.SERVICE_REFUSED: "check bind_dn and bind_password_file, and that the account has not expired or "
        "been locked",
        CheckProblem.BASE_MISSING: "check user_base and group_base, and that the service account may see them",
        CheckProblem.NOT_READABLE: "give the service account the right to read and search",
        CheckProblem.NOBODY_FOUND: "check the base, and the service account's right to read",
        CheckProblem.ATTRIBUTE_MISSING: "nobody has this attribute: check its name in the settings and the right to "
        "read it",
        CheckProblem.BUSY: "too many requests wait: try again later; if it lasts, raise max_threads",
        CheckProblem.OTHER: "see the server's own word",
    }
)


@click.command("servers")
@_TENANT
@takes_context
def servers(context: CommandContext, tenant: str | None) -> None:
    """How each server of the directories is, as the broker has found it."""
    context.show(context.ask("GET", "/admin/directory/servers", tenant=tenant)["servers"], _COLUMNS)


@click.command("check")
@_TENANT
@takes_context
def check(context: CommandContext, tenant: str | None) -> None:
    """Connect to each server, look at its certificate, bind, and search; says what to do about what fails.

    Exit status: 0 all is well or only warned of, 1 something failed.
    """
    findings = context.ask("POST", "/admin/directory/check", tenant=tenant)["findings"]
    if context.as_json:
        context.show(findings, ())
    else:
        for finding in findings:
            click.echo(escape_unseen(_describe(finding)))
    if any(finding["result"] == CheckResult.FAILED for finding in findings):
        raise click.exceptions.Exit(1)


def _describe(finding: Mapping[str, Any]) -> str:
    place = f"{finding['directory']} {finding['server']}"
    detail = f": {finding['detail']}" if finding["detail"] else ""
    remedy = f"\n  → {_REMEDIES[finding['problem']]}" if finding["problem"] else ""
    return f"{finding['result'].upper():8}{place} {finding['step']}{detail}{remedy}"
