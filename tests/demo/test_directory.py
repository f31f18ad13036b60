"""The demo city's directory, for real: what a client of it sees."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from broker.secret import Secret
from sekisho.demo.city import demo_accounts
from sekisho.demo.directory import DirectoryParts, DirectoryPorts, command, prepare
from sekisho.demo.secrets import DemoSecrets
from tests.demo.parts import free_ports, is_open, load_secrets, running, wait_for

pytestmark = pytest.mark.real


class City(msgspec.Struct, frozen=True):
    parts: DirectoryParts
    secrets: DemoSecrets

    def search(self, url: str, bind_dn: str, password: Secret, *query: str) -> subprocess.CompletedProcess[bytes]:
        starttls = ["-ZZ"] if url.startswith("ldap:") else []
        return subprocess.run(
            ["ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-x", *starttls, "-H", url, "-D", bind_dn, "-y", "/dev/stdin",
             "-b", self.parts.base_dn, *query],
            input=password.reveal().encode(), capture_output=True, check=False, timeout=20,
            env={"PATH": os.environ["PATH"], "LDAPTLS_CACERT": str(self.parts.ca_file), "LDAPTLS_REQCERT": "demand"},
        )  # fmt: skip

    def as_service(self, *query: str) -> list[str]:
        done = self.search(self.parts.ldap_url, self.parts.service_dn, self.parts.service_password, *query)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    secrets = load_secrets(folder)
    parts = prepare(folder / "directory", DirectoryPorts(*free_ports(2)), secrets, now=datetime.now(UTC))
    with running(command(parts), parts.ports.ldap):
        yield City(parts, secrets)


def test_the_service_account_finds_everybody(city: City) -> None:
    assert sum(line.startswith("dn:") for line in city.as_service("(objectClass=inetOrgPerson)", "1.1")) == 200


def test_groups_of_a_person_and_members_of_a_group_agree(city: City) -> None:
    person = demo_accounts()[2]
    lines = city.as_service(f"(uid={person.uid})", "memberOf")
    assert {line.split("cn=")[1].split(",")[0] for line in lines if line.startswith("memberOf:")} == set(person.groups)
    members = city.as_service("(cn=it-desk)", "member")
    assert f"member: uid={person.uid},{city.parts.people_dn}" in members


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_person_signs_in_with_starttls_and_with_ldaps(city: City, scheme: str) -> None:
    person = demo_accounts()[0]
    dn = f"uid={person.uid},{city.parts.people_dn}"
    url = city.parts.ldap_url if scheme == "ldap" else city.parts.ldaps_url
    assert city.search(url, dn, city.secrets.people[person.uid], "-s", "base").returncode != 49
    assert city.search(url, dn, Secret("wrong"), "-s", "base").returncode == 49


def test_a_password_without_tls_is_refused(city: City) -> None:
    done = subprocess.run(
        ["ldapwhoami", "-x", "-H", f"ldap://127.0.0.1:{city.parts.ports.ldap}", "-D", city.parts.service_dn,
         "-y", "/dev/stdin"],
        input=city.parts.service_password.reveal().encode(), capture_output=True, check=False, timeout=20,
    )  # fmt: skip
    assert done.returncode == 13  # confidentialityRequired, RFC 4511 section 4.1.9


def test_nobody_reads_a_password_hash_and_a_person_reads_nobody_else(city: City) -> None:
    assert not any(line.startswith("userPassword") for line in city.as_service("(uid=*)", "userPassword"))
    person = demo_accounts()[0]
    own = city.search(
        city.parts.ldaps_url,
        f"uid={person.uid},{city.parts.people_dn}",
        city.secrets.people[person.uid],
        "(uid=*)",
        "uid",
    )
    assert b"sato" not in own.stdout


def test_a_second_start_reuses_the_data_within_a_second(tmp_path: Path) -> None:
    secrets, ports = load_secrets(tmp_path), DirectoryPorts(*free_ports(2))
    prepare(tmp_path / "d", ports, secrets, now=datetime.now(UTC))
    data = tmp_path / "d" / "slapd" / "db" / "data.mdb"
    before = data.stat()
    began = time.monotonic()
    parts = prepare(tmp_path / "d", ports, secrets, now=datetime.now(UTC))
    assert (data.stat().st_ino, data.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with running(command(parts), ports.ldap):
        assert time.monotonic() - began < 5


def test_it_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    ports = DirectoryPorts(*free_ports(2))
    parts = prepare(tmp_path / "d", ports, load_secrets(tmp_path), now=datetime.now(UTC))
    supervisor = subprocess.Popen(["/bin/sh", "-c", '"$@" & wait', "supervisor", *command(parts)])
    try:
        wait_for(lambda: is_open(ports.ldap), "slapd")
    finally:
        supervisor.kill()
        supervisor.wait()
    wait_for(lambda: not is_open(ports.ldap), "the end of slapd")
