"""Every certificate of the site, made by the commands that an operator uses."""

from datetime import UTC, datetime
from pathlib import Path

from broker.model.service_name import ServiceKind, ServiceName
from sekisho.pki.folder import init_folder, issue_into, service_request
from tests.zones.map import BY_ID, ENTRANCES, Kind, of_kind
from tests.zones.site import host_name

_DAYS = 30
_KINDS = {
    Kind.GATEWAY: ServiceKind.GATEWAY,
    Kind.GUACD: ServiceKind.GUACD,
    Kind.BROKER: ServiceKind.BROKER,
}


def make_service_certificates(folder: Path) -> None:
    """The service authority and a certificate for each service, for the address that it is dialled by."""
    now = datetime.now(UTC)
    init_folder(folder, "Sekisho City services", now=now)
    names = [
        *((kind, host.id, host.address) for own, kind in _KINDS.items() for host in of_kind(own)),
        *((ServiceKind.ENTRANCE, entrance, BY_ID[f"entrance-{entrance}"].address) for entrance in ENTRANCES),
    ]
    for kind, service_id, address in names:
        issue_into(folder, service_request(ServiceName(kind, service_id), [], [address], _DAYS), now=now)


def make_web_certificate(folder: Path) -> Path:
    """What browsers are shown, signed by an authority that they know: certificate and key in one file."""
    now = datetime.now(UTC)
    init_folder(folder, "Public authority", now=now)
    names = [host_name(entrance) for entrance in ENTRANCES]
    pair = issue_into(folder, service_request(ServiceName(ServiceKind.BROKER, "web"), names, [], _DAYS), now=now)
    both = folder / "web.pem"
    both.touch(mode=0o600)
    both.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    return both
