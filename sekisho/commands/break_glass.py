"""The emergency administrator (break-glass), on the broker's host: also when directory and broker are down."""

import asyncio
import io
import os
from typing import Any, Final

import click
import segno
from pyotp.totp import TOTP

from auth.hashing import Argon2Hasher
from auth.totp import TotpFactor
from broker.account.emergency import EMERGENCY_LOGIN, EmergencyDesk
from broker.account.records import AccountRefused, EmergencyBegun
from broker.errors import ConfigurationError
from broker.model.actor import Actor
from broker.model.ids import TenantId
from broker.model.kinds import Role
from broker.policy.administration import NotAllowed
from broker.secret import Secret
from broker.settings import SiteSettings
from broker.store import SqlStore, open_store
from sekisho.api_client import ApiUnreachable, call_api
from sekisho.commands.context import CommandContext, takes_context
from sekisho.site import database_url, load_sealing_key

_ASKED: Final = 3


@click.command("break-glass")
@click.option("--reason", required=True, help="Goes into the audit.")
@click.option("--hours", type=float, default=8.0, show_default=True, help="It ends by itself after so long.")
@click.option("--login", default=EMERGENCY_LOGIN, show_default=True)
@click.option("--tenant", default="", help="Id of the tenant, where there are several.")
@click.option("--no-check", is_flag=True, help="Don't ask for the app's first code.")
@takes_context
def break_glass(context: CommandContext, *, reason: str, hours: float, login: str, tenant: str, no_check: bool) -> None:
    """Make or renew an emergency administrator who needs no directory.

    Password and authenticator app are shown once. Every page of the console says so while it counts.
    """
    settings = context.settings()
    tenant_id = _choose_tenant(settings, tenant)
    begun = asyncio.run(_begin(settings, tenant_id, login=login, hours=hours, reason=reason))
    if context.as_json:
        context.show(begun, ())
        return
    click.echo(f"login     {begun['login']}\npassword  {begun['emergency_password']}  (not shown again)")
    click.echo(f"until     {begun['expires_at']}\n\nRead this with an authenticator app, or type its key:\n")
    click.echo(_draw(begun["uri"]))
    click.echo(f"key       {begun['text_key']}")
    if not no_check:
        _check_app(begun["text_key"])


async def _begin(
    settings: SiteSettings, tenant_id: TenantId, *, login: str, hours: float, reason: str
) -> dict[str, Any]:
    """By the broker when it runs, else in the database itself."""
    body = {"login": login, "hours": hours, "reason": reason}
    try:
        answer: dict[str, Any] = await call_api(
            settings.path(settings.portal.admin_socket), "POST", "/admin/break-glass", body=body, tenant=tenant_id
        )
    except ApiUnreachable:
        return await _begin_alone(settings, tenant_id, login=login, hours=hours, reason=reason)
    return answer


async def _begin_alone(
    settings: SiteSettings, tenant_id: TenantId, *, login: str, hours: float, reason: str
) -> dict[str, Any]:
    actor = Actor(
        tenant_id=tenant_id, name=f"local:{os.getuid()}", roles=frozenset({Role.SYSTEM_ADMIN}), address="local"
    )
    hasher = Argon2Hasher(settings.password_hash)
    store = await open_store(database_url(settings), pool_size=1)
    try:
        desk = await _open_desk(settings, store, hasher, tenant_id)
        outcome = await desk.begin(actor, login=login, hours=hours, reason=reason)
    finally:
        await store.close()
        hasher.close()
    match outcome:
        case EmergencyBegun() as begun:
            told = {"login": begun.login, "emergency_password": begun.password.reveal(), "text_key": begun.text_key}
            return told | {"uri": begun.uri, "expires_at": begun.expires_at.isoformat()}
        case AccountRefused(why):
            raise ConfigurationError(f"{why.value}: nothing was made")
        case NotAllowed():
            raise ConfigurationError("not allowed: run this on the broker's host")


async def _open_desk(
    settings: SiteSettings, store: SqlStore, hasher: Argon2Hasher, tenant_id: TenantId
) -> EmergencyDesk:
    """Seals by the key that the brokers seal by."""
    sealing = load_sealing_key(settings)
    async with store.read() as tx:
        in_use = await tx.sealing.key_in_use()
        is_known = await tx.people.get_tenant(tenant_id) is not None
    if not is_known:
        raise ConfigurationError(f"{tenant_id}: the database does not know it; no broker has run with it yet")
    if in_use is not None:
        sealing.seal_by(in_use.key)
    return EmergencyDesk(store, hasher, TotpFactor(), sealing, settings.signin.issuer)


def _choose_tenant(settings: SiteSettings, wanted: str) -> TenantId:
    known = [tenant.id for tenant in settings.tenants]
    if wanted in known:
        return TenantId(wanted)
    if wanted or len(known) != 1:
        raise ConfigurationError(f"--tenant: one of {', '.join(known)}")
    return TenantId(known[0])


def _draw(uri: str) -> str:
    drawn = io.StringIO()
    segno.make(uri, error="m").terminal(out=drawn, compact=True, border=2)
    return drawn.getvalue()


def _check_app(text_key: str) -> None:
    """That the app works is found out now, while the key is still on the screen."""
    totp = TOTP(Secret(text_key.replace(" ", "")).reveal())
    for _ in range(_ASKED):
        typed = click.prompt("Code that the app shows (empty to skip)", default="", show_default=False)
        if not typed:
            return
        if totp.verify("".join(typed.split()), valid_window=1):
            click.echo("The app is right. Sign in with the next code.")
            return
        click.echo("That is not the present code: check the key and the phone's clock.", err=True)
    raise click.ClickException("the app does not show the right codes; run the command again for a new key")
