"""The command line starts fast: its help and each command import what they need, and no more."""

import pkgutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import sekisho.commands
from sekisho.cli import main
from sekisho.command_table import COMMANDS, load

HEAVY = ("aiohttp", "sqlalchemy", "alembic", "ldap3", "cryptography", "jinja2", "asyncpg", "web", "gateway")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(name: str) -> None:
    command = load(COMMANDS[name])
    assert command.name == name
    assert command.get_short_help_str(limit=200) == COMMANDS[name].summary


def test_every_command_that_stands_alone_is_in_the_table() -> None:
    """Commands of a group are found through it."""
    found: set[str] = set()
    inside: set[str] = set()
    for module in pkgutil.iter_modules(sekisho.commands.__path__):
        loaded = vars(__import__(f"sekisho.commands.{module.name}", fromlist=["*"]))
        for each in loaded.values():
            if isinstance(each, click.Command):
                found.add(str(each.name))
            if isinstance(each, click.Group):
                inside |= set(each.commands)
    assert found - inside <= set(COMMANDS)
    assert set(COMMANDS) <= found


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in shown.output


@pytest.mark.parametrize("arguments", [["--help"], ["session", "--help"], ["settings", "--help"], ["user", "--help"]])
def test_small_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from sekisho.cli import main\n"
        f"main({arguments!r}, standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
