"""The directory's host: the demo city's OpenLDAP with 200 staff, on its own address over LDAPS."""

import ipaddress
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broker.model.service_name import ServiceKind, ServiceName
from sekisho.demo import directory
from sekisho.demo.secrets import DemoSecrets
from sekisho.pki.authority import Request
from sekisho.pki.folder import issue_into
from tests.zones.map import BY_ID, PORTS, Kind
from tests.zones.processes import Processes

HOST: Final = BY_ID["directory"]


def start_directory(
    processes: Processes, folder: Path, authority: Path, secrets: DemoSecrets
) -> directory.DirectoryParts:
    """slapd with a certificate of the site's own authority for the address that the broker dials."""
    _place_certificate(folder / "slapd/tls", authority)
    port = PORTS[Kind.DIRECTORY]
    parts = directory.prepare(folder, directory.DirectoryPorts(ldap=port, ldaps=port), secrets, now=datetime.now(UTC))
    command = [*directory.command(parts)[:-1], f"ldaps://{HOST.address}:{port}"]
    processes.start(HOST.id, HOST.id, command)
    return parts


def _place_certificate(folder: Path, authority: Path) -> None:
    """Where the demo's directory looks for one; it takes any that holds the names that it asks for."""
    folder.mkdir(parents=True, mode=0o700)
    names = dict.fromkeys(["localhost", socket.gethostname(), socket.getfqdn()])
    request = Request(
        name=ServiceName(ServiceKind.DIRECTORY, HOST.id),
        dns=tuple(name for name in names if name),
        addresses=[ipaddress.ip_address(address) for address in ("127.0.0.1", HOST.address)],
    )
    pair = issue_into(authority, request, now=datetime.now(UTC))
    for source, name in ((authority / "ca.crt", "ca.pem"), (pair.certificate, "server.pem"), (pair.key, "server.key")):
        shutil.copyfile(source, folder / name)
        (folder / name).chmod(0o600)
