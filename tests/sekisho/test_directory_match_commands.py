"""Servers and rules of directories on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sekisho.cli import main
from sekisho.commands.context import CommandContext

SETTINGS = """
data_dir = "{folder}"
[[tenants]]
id = "hinode"
name_ja = "日の出市"
name_en = "Hinode"
hostnames = ["localhost"]
pools = []
zones = []
[tenants.directory]
url = "ldaps://directory"
ca_file = "ca.pem"
bind_dn = "cn=service"
bind_password_file = "bind.password"
user_base = "dc=example"
roles = {{ it_desk = "tenant_admin" }}
[[tenants.directory.rules]]
id = "heads"
attributes = {{ title = ["課長"] }}
is_head = true
is_draft = true
"""
FINDINGS = [
    {"directory": "city", "server": "dc1:636", "step": "connect", "result": "ok", "problem": None, "detail": ""},
    {
        "directory": "city",
        "server": "dc1:636",
        "step": "certificate",
        "result": "failed",
        "problem": "other_authority",
        "detail": "self-signed certificate",
    },
]

Calls = list[tuple[str, str, Any]]


@pytest.fixture
def answers() -> dict[str, Any]:
    matched = {"login": "kamiya", "display_name": "神谷 髙志", "department": "税務課", "groups": []}
    return {
        "/admin/directory/check": {"findings": FINDINGS},
        "/admin/directory/servers": {"servers": [{"directory": "city", "server": "dc1:636", "state": "up"}]},
        "/admin/directory/match": {
            "count": 1, "looked_at": 40, "is_complete": True, "is_from_list": True, "is_everybody": False,
            "people": [matched],
        },
    }  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> Calls:
    calls: Calls = []

    def ask(_self: object, method: str, path: str, *, body: Any = None, query: Any = None, tenant: Any = None) -> Any:
        calls.append((method, path, body or query))
        return answers[path]

    monkeypatch.setattr(CommandContext, "ask", ask)
    return calls


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "site.toml"
    file.write_text(SETTINGS.format(folder=tmp_path), "utf-8")
    return str(file)


@pytest.mark.usefixtures("asked")
def test_a_check_that_finds_a_failure_says_what_to_do_and_fails() -> None:
    result = CliRunner().invoke(main, ["directory", "check"])
    assert result.exit_code == 1
    assert "FAILED  city dc1:636 certificate: self-signed certificate" in result.output
    assert "→ put the certificate of the CA" in result.output


def test_a_check_without_failures_succeeds(asked: Calls, answers: dict[str, Any]) -> None:
    answers["/admin/directory/check"] = {"findings": FINDINGS[:1]}
    assert CliRunner().invoke(main, ["directory", "check"]).exit_code == 0
    assert asked == [("POST", "/admin/directory/check", None)]


@pytest.mark.usefixtures("asked")
def test_servers_are_a_table() -> None:
    result = CliRunner().invoke(main, ["directory", "servers"])
    assert "dc1:636" in result.output


def test_a_rule_is_sent_as_the_settings_file_has_it(asked: Calls, config: str) -> None:
    result = CliRunner().invoke(main, ["--config", config, "directory", "match", "--rule", "heads"])
    assert result.exit_code == 0, result.output
    assert "directory: rule heads (draft): 1 people meet it, by the synced list of 40" in result.output
    assert "神谷 髙志" in result.output
    body = asked[0][2]
    assert body["directory"] == "directory"
    assert body["rule"]["attributes"] == {"title": ["課長"]}


def test_by_role_the_table_of_roles_counts_too(asked: Calls, config: str) -> None:
    result = CliRunner().invoke(main, ["--config", config, "--json", "directory", "match", "--role", "tenant_admin"])
    assert [(told["rule"], told["count"]) for told in json.loads(result.output)] == [("roles.it_desk", 1)]
    assert asked[0][2]["rule"]["groups"] == ["it_desk"]


@pytest.mark.usefixtures("asked")
def test_a_role_that_everybody_would_get_is_a_failure(config: str, answers: dict[str, Any]) -> None:
    answers["/admin/directory/match"] |= {"is_everybody": True, "count": 40}
    result = CliRunner().invoke(main, ["--config", config, "directory", "match", "--role", "tenant_admin"])
    assert result.exit_code == 1
    assert "everybody would get a role" in result.output


@pytest.mark.parametrize("words", [[], ["--rule", "heads", "--role", "auditor"]])
def test_one_of_rule_and_role_is_named(config: str, words: list[str]) -> None:
    assert CliRunner().invoke(main, ["--config", config, "directory", "match", *words]).exit_code == 2


@pytest.mark.parametrize("words", [["--rule", "none"], ["--role", "auditor"], ["--rule", "heads", "--directory", "x"]])
def test_a_rule_that_is_not_there_is_said(config: str, words: list[str]) -> None:
    result = CliRunner().invoke(main, ["--config", config, "directory", "match", *words])
    assert result.exit_code == 1
    assert "no rule" in result.output
