"""A one-time code without a phone, for demonstrations."""

import click
from pyotp.totp import TOTP


@click.command()
@click.argument("key")
def code(key: str) -> None:
    """Print the present six-digit code for the text KEY of an enrolment page (spaces are fine)."""
    try:
        click.echo(TOTP("".join(key.split()).upper()).now())
    except ValueError as error:
        raise click.ClickException("that is not a text key: letters A to Z and digits 2 to 7 are expected") from error
