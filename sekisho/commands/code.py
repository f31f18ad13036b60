"""A one-time code without a phone, for demonstrations."""

import sys

import click
from pyotp.totp import TOTP


@click.command()
@click.argument("key", default="-")
def code(key: str) -> None:
    """Print the present six-digit code for the text KEY of an enrolment page (spaces are fine).

    Without KEY, or with -, the key is asked for or read from standard input: what stands on a command line is
    seen by everybody on this computer and kept in the shell's history.
    """
    if key == "-":
        key = click.prompt("Key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    try:
        click.echo(TOTP("".join(key.split()).upper()).now())
    except ValueError as error:
        raise click.ClickException("that is not a text key: letters A to Z and digits 2 to 7 are expected") from error
