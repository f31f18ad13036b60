"""Devices on the command line: what is handed over is kept in a file of its owner's alone, the password shown once."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sekisho.cli import main
from sekisho.commands.context import CommandContext

ISSUED = {
    "device_id": "d1", "name": "PC-1", "serial": "5a", "not_after": "2027-11-22T00:00:00Z",
    "certificate_pem": "-----BEGIN CERTIFICATE-----\n", "pkcs12": base64.b64encode(b"\0key").decode(),
    "one_time_password": "aaaaaa-bbbbbb",
}  # fmt: skip
AUTHORITY = {"certificate_pem": "-----BEGIN CERTIFICATE-----\n", "not_after": "2036-11-22T00:00:00Z"}

Asked = list[tuple[str, str, Mapping[str, object] | None]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    calls: Asked = []

    def ask(_self: object, method: str, path: str, *, body: Any = None, query: Any = None) -> Any:
        calls.append((method, path, body or query))
        if path.endswith("/revoke"):
            return {"id": "d1", "name": "PC-1", "revoked_at": None, "web_sessions": 2}
        if path.endswith("/device-authority"):
            return AUTHORITY
        has_request = bool((body or {}).get("request"))
        return ISSUED | ({"pkcs12": None, "one_time_password": None} if has_request else {})

    monkeypatch.setattr(CommandContext, "ask", ask)
    return calls


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["device", *words])


def test_a_key_file_is_its_owners_alone_and_its_password_is_shown_once(asked: Asked, tmp_path: Path) -> None:
    out = tmp_path / "pc-1.p12"
    words = ("enrol", "--name", "PC-1", "--kind", "managed", "--owner", "yamada", "--sim", "090", "--out", str(out))
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "one-time password (not shown again): aaaaaa-bbbbbb" in done.output
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (b"\0key", 0o600)
    body = {"name": "PC-1", "kind": "managed", "owner": "yamada", "sim_line": "090", "request": ""}
    assert asked == [("POST", "/admin/devices", body)]
    again = run(*words)
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    assert len(asked) == 1, "nothing is issued that could not be kept"


def test_a_signing_request_brings_a_certificate_alone(asked: Asked, tmp_path: Path) -> None:
    request, out = tmp_path / "pc.csr", tmp_path / "pc.crt"
    request.write_text("-----BEGIN CERTIFICATE REQUEST-----\n")
    done = run("renew", "d1", "--end-old", "--csr", str(request), "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "password" not in done.output
    assert out.read_text() == ISSUED["certificate_pem"]
    assert asked == [("POST", "/admin/devices/d1/renew", {"request": request.read_text(), "ends_old": True})]


def test_a_file_that_is_no_request_is_refused_before_anything_is_asked(asked: Asked, tmp_path: Path) -> None:
    request = tmp_path / "pc.csr"
    request.write_bytes(b"\xff\xfe")
    refused = run("renew", "d1", "--csr", str(request), "--out", str(tmp_path / "x"))
    assert (refused.exit_code, "not a signing request" in refused.output) == (1, True)
    missing = run("renew", "d1", "--out", str(tmp_path / "none" / "x"))
    assert (missing.exit_code, "no such folder" in missing.output) == (1, True)
    assert asked == []


def test_a_device_is_revoked_with_a_reason_and_the_authority_exported(asked: Asked, tmp_path: Path) -> None:
    assert run("revoke", "d1").exit_code == 2
    assert run("revoke", "d1", "--reason", "紛失").output == "PC-1: revoked, 2 sign-ins ended\n"
    assert run("export-ca").output == AUTHORITY["certificate_pem"]
    out = tmp_path / "ca.pem"
    assert "good until 2036" in run("export-ca", "--out", str(out)).output
    assert out.read_text() == AUTHORITY["certificate_pem"]
    assert asked[0] == ("POST", "/admin/devices/d1/revoke", {"reason": "紛失"})
