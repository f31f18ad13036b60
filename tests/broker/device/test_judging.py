"""Of everything that can be true of a genuine certificate, one combination alone proves a device."""

import itertools
from datetime import UTC, datetime, timedelta

from broker.device.rules import Booked, Genuine, judge, standing_of
from broker.model.devices import Device, DeviceCertificate, DeviceFacts
from broker.model.ids import DeviceId, TenantId
from broker.model.kinds import CertificateState, DeviceKind

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CITY = TenantId("city")
PRINT, OTHER_PRINT = bytes(32), bytes([1]) * 32
YEAR, MOMENT = timedelta(days=365), timedelta(microseconds=1)
TIMES = (-MOMENT, timedelta(0), YEAR - MOMENT, YEAR)
"""Before the beginning, the beginning, the last moment, the end."""


def booked(fingerprint: bytes, certificate_revoked: bool, device_revoked: bool, owner: str | None) -> Booked:
    device = Device(
        tenant_id=CITY, id=DeviceId("d1"), name="PC-1", kind=DeviceKind.BYOD, owner=owner, sim_line="",
        enrolled_at=NOW, enrolled_by="user:desk", expires_at=NOW + YEAR,
        revoked_at=NOW if device_revoked else None,
    )  # fmt: skip
    certificate = DeviceCertificate(
        tenant_id=CITY, serial="5a", device_id=device.id, fingerprint=fingerprint, not_before=NOW,
        not_after=NOW + YEAR, issued_by="user:desk", revoked_at=NOW if certificate_revoked else None,
    )  # fmt: skip
    return Booked(certificate, device)


def test_every_combination_of_facts() -> None:
    genuine = Genuine("5a", PRINT, NOW, NOW + YEAR)
    proved = 0
    for fingerprint, is_certificate, is_device, owner, passed in itertools.product(
        (PRINT, OTHER_PRINT), (False, True), (False, True), (None, "yamada", "YAMADA", "suzuki"), TIMES
    ):
        found = judge(genuine, booked(fingerprint, is_certificate, is_device, owner), "yamada", NOW + passed)
        is_good = (
            fingerprint == PRINT
            and not is_certificate
            and not is_device
            and owner != "suzuki"
            and timedelta(0) <= passed < YEAR
        )
        if is_good:
            assert found == DeviceFacts(
                device_id=DeviceId("d1"), kind=DeviceKind.BYOD, certificate=CertificateState.VALID
            )
            proved += 1
        else:
            assert (found.device_id, found.kind) == (None, DeviceKind.NONE)
            assert found.certificate not in {CertificateState.VALID, CertificateState.ABSENT}
    assert proved == 6
    assert judge(genuine, None, "yamada", NOW) == DeviceFacts(certificate=CertificateState.NOT_ENROLLED)


def test_what_was_recognised_earlier_holds_while_the_device_does() -> None:
    good, lost = booked(PRINT, False, False, None).device, booked(PRINT, False, True, None).device
    assert standing_of(good, NOW) is CertificateState.VALID
    assert standing_of(good, NOW + YEAR) is CertificateState.EXPIRED
    assert standing_of(lost, NOW) is CertificateState.REVOKED
    assert standing_of(None, NOW) is CertificateState.NOT_ENROLLED
