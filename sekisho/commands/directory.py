"""Directories on the command line; each part of it has a module of its own."""

import click

from sekisho.commands.directory_match import match
from sekisho.commands.directory_servers import check, servers
from sekisho.commands.directory_sync import confirm, people, prepare, status, sync


@click.group()
def directory() -> None:
    """Directories (LDAP, Active Directory): their servers, and what they say about people."""


for _command in (status, sync, people, prepare, confirm, servers, check, match):
    directory.add_command(_command)
