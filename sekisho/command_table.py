"""The commands and where they are: what nobody asked for is not imported, so that each starts as fast as it can."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click
import msgspec


class Place(msgspec.Struct, frozen=True):
    """A command's module below ``sekisho.commands``, its name there, and the first sentence of its help."""

    module: str
    name: str
    summary: str


COMMANDS: Final[Mapping[str, Place]] = {
    "serve": Place(
        "serve", "serve", "Run broker, gateway, agent and guacd on this host, as siblings under one supervisor."
    ),
    "broker": Place("serve", "broker", "Run the broker alone, in the foreground."),
    "migrate": Place("serve", "migrate", "Bring the database's schema to that of this program."),
    "settings": Place("serve", "settings", "The settings file."),
    "pool": Place("pool", "pool", "Desktop pools (デスクトッププール)."),
    "desktop": Place("pool", "desktop", "Desktops (仮想デスクトップ)."),
    "session": Place("session", "session", "Sessions (セッション)."),
    "user": Place("user", "user", "People (職員)."),
    "factor": Place("factor", "factor", "Second factors (認証アプリ, パスキー, 非常用コード) of one person."),
    "break-glass": Place(
        "break_glass", "break_glass", "Make or renew an emergency administrator who needs no directory."
    ),
    "lock": Place("lock", "lock", "Waits at sign-in (ロック), blocked addresses, locked people."),
    "policy": Place("policy", "policy", "Rules of opening (利用の規則)."),
    "approval": Place("approval", "approval", "Telework approvals (テレワークの承認)."),
    "consent": Place("consent", "consent", "Rules of use (利用規程) and who has confirmed them."),
    "rules": Place("rules", "rules", "Rules of a pool or the tenant, by version (規則の版)."),
    "exception": Place("change", "exception", "Exceptions to the baseline (例外); see also: sekisho change."),
    "change": Place(
        "change", "change", "Changes of rules with their people: exceptions, versions, modes (変更と承認)."
    ),
    "mode": Place("mode", "mode", "Mode of operation (運用状態): normal, bcp, degraded, maintenance."),
    "device": Place("device", "device", "Devices (端末) that show a certificate."),
    "directory": Place(
        "directory", "directory", "Directories (LDAP, Active Directory): their servers, and what they say about people."
    ),
    "flows": Place(
        "flows", "flows", "Permitted flows (特定通信): what may connect to what, derived from the settings."
    ),
    "audit": Place("audit", "audit", "The audit (監査ログ)."),
    "key": Place(
        "key",
        "key",
        "The key that seals secrets in the database (one-time code secrets, desktop accounts, the devices' CA).",
    ),
    "pki": Place("pki", "pki", "Certificates of the site's own services (サービス間の証明書)."),
    "entrance": Place("entrance", "entrance", "The ways in (入口) of the site."),
    "demo": Place("demo", "demo", "Run a demo city on this machine: directory, desktops and all of Sekisho."),
    "smoke": Place("smoke", "smoke", "Sign in, open a desktop of each pool, type, leave, come back, log off."),
    "code": Place(
        "code", "code", "Print the present six-digit code for the text KEY of an enrolment page (spaces are fine)."
    ),
}


class TableOfCommands(click.Group):
    """A group whose commands are imported when they are called; its own help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        place = COMMANDS.get(cmd_name)
        return None if place is None else load(place)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])


def load(place: Place) -> click.Command:
    command: click.Command = getattr(import_module(f"sekisho.commands.{place.module}"), place.name)
    return command
