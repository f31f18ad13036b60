"""Service certificates for tests: an authority, and files of whoever is asked for."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broker.model.service_name import ServiceKind, ServiceName
from broker.wire.service_tls import TlsFiles
from sekisho.pki.authority import Request
from sekisho.pki.folder import init_folder, issue_into

LOOPBACK = ("127.0.0.1", "127.0.2.1", "127.0.3.1", "127.0.4.1", "127.0.5.1")


class ServicePki:
    """One authority in a folder. ``issue`` may also issue what has ended already."""

    def __init__(self, folder: Path, title: str = "Test service authority") -> None:
        self.folder = folder
        init_folder(folder, title, now=datetime.now(UTC) - timedelta(days=800))

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    def issue(
        self,
        kind: ServiceKind,
        service_id: str,
        *,
        addresses: Sequence[str] = LOOPBACK,
        dns: Sequence[str] = ("localhost",),
        is_expired: bool = False,
    ) -> TlsFiles:
        request = Request(
            name=ServiceName(kind, service_id),
            dns=dns,
            addresses=[ipaddress.ip_address(address) for address in addresses],
            days=30,
        )
        now = datetime.now(UTC) - timedelta(days=60 if is_expired else 0)
        pair = issue_into(self.folder, request, now=now, may_replace=True)
        return TlsFiles(certificate=pair.certificate, key=pair.key, authority=self.authority)
