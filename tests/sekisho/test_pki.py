"""An operator makes the authority and certificates of the services, and renews one."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sekisho.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pki"
    assert pki("init", "--folder", str(made)).exit_code == 0
    return made


def pki(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["pki", *arguments])


def issue(folder: Path, *arguments: str) -> Result:
    return pki("issue", *arguments, "--folder", str(folder))


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(path: Path) -> x509.SubjectAlternativeName:
    return read(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def purposes(path: Path) -> set[x509.ObjectIdentifier]:
    return set(read(path).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_a_broker_s_certificate_names_it_and_is_good_for_a_server_alone(folder: Path) -> None:
    assert issue(folder, "broker", "b1", "--dns", "broker.city.lg.jp", "--ip", "10.0.0.5").exit_code == 0
    certificate = folder / "broker-b1.crt"
    assert names(certificate).get_values_for_type(x509.UniformResourceIdentifier) == ["urn:sekisho:broker:b1"]
    own = ["b1.broker.sekisho.internal", "broker.sekisho.internal"]
    assert names(certificate).get_values_for_type(x509.DNSName) == ["broker.city.lg.jp", *own]
    assert [str(found) for found in names(certificate).get_values_for_type(x509.IPAddress)] == ["10.0.0.5"]
    assert purposes(certificate) == {ExtendedKeyUsageOID.SERVER_AUTH}
    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", str(folder / "ca.crt"), str(certificate)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert verified.stdout.endswith(": OK\n"), verified.stderr


def test_who_only_dials_can_not_stand_as_a_server(folder: Path) -> None:
    for kind in ("entrance", "agent"):
        assert issue(folder, kind, "one").exit_code == 0
        assert purposes(folder / f"{kind}-one.crt") == {ExtendedKeyUsageOID.CLIENT_AUTH}
    assert issue(folder, "gateway", "one", "--ip", "10.0.0.7").exit_code == 0
    assert purposes(folder / "gateway-one.crt") == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_every_file_is_its_owner_s_alone(folder: Path) -> None:
    issue(folder, "agent", "a1")
    assert {path.name for path in folder.iterdir()} == {"ca.crt", "ca.key", "agent-a1.crt", "agent-a1.key"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_nothing_is_replaced_unless_asked_and_a_renewal_keeps_the_names(folder: Path) -> None:
    issue(folder, "guacd", "lgwan", "--dns", "guacd.lgwan", "--ip", "10.1.0.9")
    before = (folder / "guacd-lgwan.crt").read_bytes(), (folder / "guacd-lgwan.key").read_bytes()
    refused = issue(folder, "guacd", "lgwan")
    assert refused.exit_code == 1
    assert "--force" in refused.output
    assert ((folder / "guacd-lgwan.crt").read_bytes(), (folder / "guacd-lgwan.key").read_bytes()) == before
    assert issue(folder, "guacd", "lgwan", "--force").exit_code == 0
    assert (folder / "guacd-lgwan.key").read_bytes() != before[1]
    assert (
        names(folder / "guacd-lgwan.crt")
        == x509.load_pem_x509_certificate(before[0])
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    again = pki("init", "--folder", str(folder))
    assert again.exit_code == 1
    assert "every service would need a new certificate" in again.output


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("broker", "b1"), "--dns NAME or --ip ADDRESS"),
        (("gateway", "Gate Way", "--ip", "10.0.0.1"), "an id has"),
        (("gateway", "g1", "--ip", "10.0.0.300"), "--ip:"),
        (("gateway", "g1", "--dns", "https://x"), "not a host name"),
        (("printer", "p1"), "is not one of"),
    ],
)
def test_what_can_not_be_issued_says_why(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    refused = issue(folder, *arguments)
    assert refused.exit_code != 0
    assert says in refused.output


def test_without_an_authority_the_next_step_is_named(tmp_path: Path) -> None:
    refused = issue(tmp_path, "agent", "a1")
    assert refused.exit_code == 1
    assert "sekisho pki init" in refused.output
