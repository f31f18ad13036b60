"""The demo's certificates."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sekisho.demo.certificates import prepare_certificate

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    before = prepare_certificate(tmp_path, now=NOW).certificate_file.read_bytes()
    assert prepare_certificate(tmp_path, now=NOW + timedelta(days=300)).certificate_file.read_bytes() == before


def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    before = prepare_certificate(tmp_path, now=NOW).certificate_file.read_bytes()
    assert prepare_certificate(tmp_path, now=NOW + timedelta(days=380)).certificate_file.read_bytes() != before


def test_a_missing_key_makes_a_new_set(tmp_path: Path) -> None:
    files = prepare_certificate(tmp_path, now=NOW)
    before = files.ca_file.read_bytes()
    files.key_file.unlink()
    assert prepare_certificate(tmp_path, now=NOW).ca_file.read_bytes() != before


def test_only_the_key_is_private_and_a_strict_client_takes_the_set(tmp_path: Path) -> None:
    files = prepare_certificate(tmp_path, now=NOW)
    assert files.key_file.stat().st_mode & 0o777 == 0o600
    assert files.certificate_file.stat().st_mode & 0o777 == 0o644
    context = ssl.create_default_context(cafile=str(files.ca_file))
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    assert len(context.get_ca_certs()) == 1
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate_file, files.key_file)
