"""The IT desk enrols, renews and revokes; what it may not do, and what can't be done."""

import asyncio
import base64
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec.structs import replace

from broker.audit import AuditService
from broker.device.records import (
    Authority,
    DeviceDetails,
    DeviceRefusal,
    DeviceRefused,
    DeviceState,
    EnrolOrder,
    NoSuchDevice,
    RenewOrder,
    Revoked,
)
from broker.model.ids import DeviceId, TenantId
from broker.model.kinds import CertificateState, DeviceKind, Role
from broker.policy.administration import Action, NotAllowed
from tests.broker.device.desk import ORDER, Desk, der_of, device_key, request_of
from tests.broker.store.rows import CITY, put_city

NEIGHBOUR = TenantId("neighbour")


async def test_the_desk_enrols_a_device_and_hands_over_a_key_file_once(desk_on_each: Desk) -> None:
    issued = await desk_on_each.enrol()
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert device_key(issued).public_key() == certificate.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        f"urn:sekisho:device:{CITY}:{issued.device.id}"
    ]
    assert "yamada" not in certificate.subject.rfc4514_string(), "what travels in the open names nobody"
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    events = [record.event for record in await desk_on_each.audit("device.")]
    assert events == ["device.enrolled", "device.certificate_issued"]
    details = await desk_on_each.devices.details(desk_on_each.actor, issued.device.id)
    assert isinstance(details, DeviceDetails)
    assert details.row.state is DeviceState.ACTIVE
    assert [each.serial for each in details.certificates] == [issued.serial]
    assert details.row.device.expires_at == issued.not_after == certificate.not_valid_after_utc


async def test_a_key_that_was_handed_over_is_in_no_row_and_prints_nowhere(desk: Desk) -> None:
    issued = await desk.enrol()
    assert issued.key_file is not None
    secrets = (device_key(issued).private_numbers().private_value.to_bytes(32), issued.key_file.password.reveal())
    async with desk.store.read() as tx:
        rows = await tx.devices.list_certificates(desk.tenant_id, issued.device.id)
        kept = repr((rows, await tx.devices.get_authority(desk.tenant_id), await desk.audit("")))
    assert repr(secrets[0])[2:-1] not in kept
    assert str(secrets[1]) not in kept
    assert str(secrets[1]) not in repr(issued)


async def test_without_its_password_the_key_file_does_not_open(desk: Desk) -> None:
    issued = await desk.enrol()
    assert issued.key_file is not None
    with pytest.raises(ValueError):
        pkcs12.load_pkcs12(issued.key_file.content, b"guess")


async def test_openssl_accepts_what_the_authority_signs(desk: Desk, tmp_path: Path) -> None:
    issued = await desk.enrol()
    authority = await desk.devices.export_authority(desk.actor)
    assert isinstance(authority, Authority)
    (tmp_path / "ca.pem").write_text(authority.certificate_pem)
    (tmp_path / "device.pem").write_text(issued.certificate_pem)
    assert await asyncio.to_thread(verify, tmp_path) == "device.pem: OK\n"


def verify(folder: Path) -> str:
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "device.pem"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


async def test_a_device_that_made_its_own_key_sends_a_request(desk: Desk) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = await desk.enrol(request=request_of(key, name="CN of its own choice"))
    assert issued.key_file is None
    certificate = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert certificate.public_key() == key.public_key()
    assert "own choice" not in certificate.subject.rfc4514_string(), "names in a request do not count"
    assert await desk.state(der_of(issued)) is CertificateState.VALID


def broken_request() -> str:
    """One whose sender does not hold the key: the signature is another's."""
    mine, other = request_of(), request_of()
    lines, others = mine.splitlines(), other.splitlines()
    return "\n".join([*lines[:-2], others[-2], lines[-1]])


def weak_request() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return request_of(key)  # type: ignore[arg-type]  # any key signs a request


def request_of_a_later_version() -> str:
    lines = request_of().splitlines()
    content = bytearray(base64.b64decode("".join(lines[1:-1])))
    content[content.index(b"\x02\x01\x00") + 2] = 9
    return "\n".join((lines[0], base64.b64encode(content).decode(), lines[-1]))


@pytest.mark.parametrize(
    "request_text, why",
    [
        ("nonsense", DeviceRefusal.REQUEST_UNREADABLE),
        ("証明書", DeviceRefusal.REQUEST_UNREADABLE),
        (
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
            DeviceRefusal.REQUEST_UNREADABLE,
        ),
        ("A" * 20_000, DeviceRefusal.REQUEST_UNREADABLE),
        (request_of_a_later_version(), DeviceRefusal.REQUEST_UNREADABLE),
        (weak_request(), DeviceRefusal.KEY_TOO_WEAK),
        (request_of(ec.generate_private_key(ec.SECP192R1())), DeviceRefusal.KEY_TOO_WEAK),
        (request_of(dsa.generate_private_key(2048)), DeviceRefusal.KEY_TOO_WEAK),  # type: ignore[arg-type]  # same
    ],
)
async def test_a_request_that_can_not_be_taken_is_refused_with_its_reason(
    desk: Desk, request_text: str, why: DeviceRefusal
) -> None:
    assert await desk.devices.enrol(desk.actor, replace(ORDER, request=request_text)) == DeviceRefused(why)
    assert await desk.audit("device.") == []


async def test_a_request_whose_sender_does_not_hold_the_key_is_refused(desk: Desk) -> None:
    refused = await desk.devices.enrol(desk.actor, replace(ORDER, request=broken_request()))
    assert refused in (DeviceRefused(DeviceRefusal.REQUEST_NOT_SIGNED), DeviceRefused(DeviceRefusal.REQUEST_UNREADABLE))


@pytest.mark.parametrize(
    "order, why",
    [
        (replace(ORDER, name=""), DeviceRefusal.NAME_INVALID),
        (replace(ORDER, name=" PC"), DeviceRefusal.NAME_INVALID),
        (replace(ORDER, name="PC\x07"), DeviceRefusal.NAME_INVALID),
        (replace(ORDER, name="PC\u202e1"), DeviceRefusal.NAME_INVALID),
        (replace(ORDER, name="あ" * 65), DeviceRefusal.NAME_INVALID),
        (replace(ORDER, kind=DeviceKind.NONE), DeviceRefusal.KIND_INVALID),
        (replace(ORDER, owner="yama\nda"), DeviceRefusal.OWNER_INVALID),
        (replace(ORDER, sim_line="9" * 65), DeviceRefusal.SIM_LINE_INVALID),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(desk: Desk, order: EnrolOrder, why: DeviceRefusal) -> None:
    assert await desk.devices.enrol(desk.actor, order) == DeviceRefused(why)


async def test_a_name_is_one_devices_until_that_is_revoked(desk_on_each: Desk) -> None:
    desk = desk_on_each
    first = await desk.enrol()
    assert await desk.devices.enrol(desk.actor, ORDER) == DeviceRefused(DeviceRefusal.NAME_TAKEN)
    await desk.devices.revoke(desk.actor, first.device.id, "返却")
    assert (await desk.enrol()).device.id != first.device.id


async def test_a_device_is_found_by_name_owner_or_line_and_revoked_ones_come_last(desk_on_each: Desk) -> None:
    desk = desk_on_each
    first = await desk.enrol()
    await desk.enrol(name="PC-0102", owner="", sim_line="")
    await desk.enrol(name="PC-0103", owner="suzuki", sim_line="080-1111-2222")
    await desk.devices.revoke(desk.actor, first.device.id, "返却")

    async def found(words: str) -> list[str]:
        rows = await desk.devices.search(desk.actor, words)
        assert isinstance(rows, list)
        return [row.device.name for row in rows]

    assert await found("") == ["PC-0102", "PC-0103", "PC-0101"]
    assert await found("SUZU") == await found("1111-2") == await found("0103") == ["PC-0103"]
    assert await found("%") == []


async def test_a_device_is_revoked_once_and_with_a_reason(desk_on_each: Desk) -> None:
    desk = desk_on_each
    issued = await desk.enrol()
    assert await desk.devices.revoke(desk.actor, issued.device.id, " ") == DeviceRefused(DeviceRefusal.REASON_MISSING)
    outcome = await desk.devices.revoke(desk.actor, issued.device.id, "車内に置き忘れ")
    assert isinstance(outcome, Revoked)
    assert outcome.device.revoke_reason == "車内に置き忘れ"
    assert desk.woken == 1
    again = await desk.devices.revoke(desk.actor, issued.device.id, "もう一度")
    assert again == DeviceRefused(DeviceRefusal.ALREADY_REVOKED)
    assert await desk.devices.renew(desk.actor, issued.device.id, RenewOrder()) == again
    (record,) = await desk.audit("device.revoked")
    assert (record.actor, record.detail["reason"], record.detail["name"]) == ("user:desk", "車内に置き忘れ", "PC-0101")


async def test_the_audit_calls_a_device_by_its_name(desk_on_each: Desk) -> None:
    desk = desk_on_each
    issued = await desk.enrol()
    audit = AuditService(desk.store)
    records = await desk.audit("device.enrolled")
    names = await audit.names_in(desk.actor, records)
    assert not isinstance(names, NotAllowed)
    assert names.devices == {issued.device.id: "PC-0101"}


async def test_a_neighbours_desk_neither_sees_nor_revokes_it(desk: Desk) -> None:
    issued = await desk.enrol()
    async with desk.store.write() as tx:
        await put_city(tx, users=1, tenant_id=NEIGHBOUR)
    stranger = replace(desk.actor, tenant_id=NEIGHBOUR)
    assert await desk.devices.search(stranger, "") == []
    assert await desk.devices.details(stranger, issued.device.id) == NoSuchDevice()
    assert await desk.devices.revoke(stranger, issued.device.id, "悪意") == NoSuchDevice()
    assert await desk.devices.renew(stranger, issued.device.id, RenewOrder()) == NoSuchDevice()
    assert await desk.state(der_of(issued)) is CertificateState.VALID


async def test_roles_decide_who_hands_out_devices(desk: Desk) -> None:
    issued = await desk.enrol()
    auditor = replace(desk.actor, roles=frozenset({Role.AUDITOR}))
    pools = replace(desk.actor, roles=frozenset({Role.POOL_ADMIN}))
    assert isinstance(await desk.devices.search(auditor, ""), list)
    assert await desk.devices.search(pools, "") == NotAllowed(Action.SEE_DEVICES)
    change = NotAllowed(Action.CHANGE_DEVICES)
    for actor in (auditor, pools):
        assert await desk.devices.enrol(actor, replace(ORDER, name="PC-9")) == change
        assert await desk.devices.revoke(actor, issued.device.id, "x") == change
        assert await desk.devices.renew(actor, issued.device.id, RenewOrder()) == change
        assert await desk.devices.export_authority(actor) == change
    assert await desk.devices.details(auditor, DeviceId("none")) == NoSuchDevice()


async def test_the_authority_is_made_once_and_its_key_lies_sealed(desk_on_each: Desk) -> None:
    desk = desk_on_each
    first = await desk.devices.export_authority(desk.actor)
    await desk.enrol()
    assert await desk.devices.export_authority(desk.actor) == first
    assert isinstance(first, Authority)
    certificate = x509.load_pem_x509_certificate(first.certificate_pem.encode())
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == CITY
    async with desk.store.read() as tx:
        authority = await tx.devices.get_authority(desk.tenant_id)
    assert authority is not None
    assert b"PRIVATE KEY" not in authority.key.blob
