"""Devices on the command line: enrol, renew, revoke."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from broker.errors import ConfigurationError
from broker.model.kinds import DeviceKind
from sekisho.commands.context import CommandContext, takes_context
from sekisho.private_files import write_private, write_private_bytes

_COLUMNS: Final = ("id", "name", "kind", "owner", "sim_line", "state", "days_left", "expires_at", "last_seen_at")
_CERTIFICATE_COLUMNS: Final = ("serial", "not_before", "not_after", "issued_by", "revoked_at")
_KINDS: Final = click.Choice([DeviceKind.MANAGED.value, DeviceKind.BYOD.value])
_out = click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="File to write: key and certificate (PKCS#12), or"
    " with --csr the certificate (PEM).",
)  # fmt: skip
_csr = click.option(
    "--csr",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Signing request (PEM) that the device made: its key never leaves it.",
)


@click.group()
def device() -> None:
    """Devices (端末) that show a certificate."""


@device.command("list")
@click.argument("text", default="")
@takes_context
def list_devices(context: CommandContext, text: str) -> None:
    """Devices whose name, holder or SIM line contains TEXT."""
    context.show(context.ask("GET", "/admin/devices", query={"q": text})["devices"], _COLUMNS)


@device.command("show")
@click.argument("device_id")
@takes_context
def show_device(context: CommandContext, device_id: str) -> None:
    """One device with its certificates."""
    found = context.ask("GET", f"/admin/devices/{device_id}")
    if context.as_json:
        context.show(found, ())
        return
    context.show([found["device"]], (*_COLUMNS, "last_address", "revoked_at", "revoke_reason"))
    click.echo()
    context.show(found["certificates"], _CERTIFICATE_COLUMNS)


@device.command("enrol")
@click.option("--name", required=True, help="A name to tell it apart, such as its inventory number.")
@click.option("--kind", required=True, type=_KINDS)
@click.option("--owner", default="", help="Login of its holder; without one the device is shared.")
@click.option("--sim", "sim_line", default="", help="Phone or line number of its SIM.")
@_csr
@_out
@takes_context
def enrol_device(
    context: CommandContext, *, name: str, kind: str, owner: str, sim_line: str, csr: Path | None, out: Path
) -> None:
    """Enrol a device. The password of its key file is shown once and kept nowhere."""
    _refuse_existing(out)
    body = {"name": name, "kind": kind, "owner": owner, "sim_line": sim_line, "request": _read_request(csr)}
    _take(context, out, context.ask("POST", "/admin/devices", body=body))


@device.command("renew")
@click.argument("device_id")
@click.option("--end-old", is_flag=True, help="Earlier certificates stop counting at once.")
@_csr
@_out
@takes_context
def renew_device(context: CommandContext, device_id: str, *, end_old: bool, csr: Path | None, out: Path) -> None:
    """A further certificate for the same device; earlier ones count until their end."""
    _refuse_existing(out)
    body = {"request": _read_request(csr), "ends_old": end_old}
    _take(context, out, context.ask("POST", f"/admin/devices/{device_id}/renew", body=body))


@device.command("revoke")
@click.argument("device_id")
@click.option("--reason", required=True, help="Goes into the audit.")
@takes_context
def revoke_device(context: CommandContext, device_id: str, reason: str) -> None:
    """Revoke a device: its sign-ins end at once, its sessions within seconds."""
    answer = context.ask("POST", f"/admin/devices/{device_id}/revoke", body={"reason": reason})
    click.echo(f"{answer['name']}: revoked, {answer['web_sessions']} sign-ins ended")


@device.command("export-ca")
@click.option("--out", type=click.Path(path_type=Path), help="File to write (PEM); without it the terminal.")
@takes_context
def export_authority(context: CommandContext, out: Path | None) -> None:
    """The certificate that entrances ask devices for. It holds no secret."""
    answer = context.ask("GET", "/admin/device-authority")
    if out is None:
        click.echo(answer["certificate_pem"], nl=False)
        return
    _write(out, answer["certificate_pem"])
    click.echo(f"{out}\ngood until {answer['not_after']}")


def _take(context: CommandContext, out: Path, issued: Mapping[str, Any]) -> None:
    """Keep what was handed over: it does not come a second time."""
    if issued["pkcs12"] is None:
        _write(out, issued["certificate_pem"])
    else:
        _write(out, base64.b64decode(issued["pkcs12"]))
    if context.as_json:
        told = {name: value for name, value in issued.items() if name not in {"pkcs12", "certificate_pem"}}
        context.show(told | {"file": str(out)}, ())
        return
    click.echo(f"{issued['name']} ({issued['device_id']}): {out}\ngood until {issued['not_after']}")
    if issued["one_time_password"] is not None:
        click.echo(f"one-time password (not shown again): {issued['one_time_password']}")


def _read_request(csr: Path | None) -> str:
    if csr is None:
        return ""
    try:
        return csr.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{csr}: not a signing request in PEM") from error


def _refuse_existing(out: Path) -> None:
    """Before anything is issued: what could not be kept would be lost."""
    if out.exists():
        raise ConfigurationError(f"{out}: is there already; choose another file")
    if not out.parent.is_dir():
        raise ConfigurationError(f"{out.parent}: no such folder")


def _write(out: Path, content: str | bytes) -> None:
    try:
        if isinstance(content, str):
            write_private(out, content)
        else:
            write_private_bytes(out, content)
    except OSError as error:
        raise ConfigurationError(f"{out}: can't be written: {error.strerror}") from error
