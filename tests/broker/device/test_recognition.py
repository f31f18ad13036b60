"""What a certificate proves at the door: a device of the books, or nothing, and why."""

import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from broker.device.recognition import recognise
from broker.device.rules import Genuine, inspect
from broker.model.devices import DeviceFacts
from broker.model.ids import TenantId
from broker.model.kinds import CertificateState, DeviceKind, Origin
from broker.model.place import Place
from tests.broker.device.desk import Desk, Odd, der_of

NEIGHBOUR = TenantId("neighbour")


async def test_the_certificate_of_a_device_proves_whose_and_which_it_is(desk_on_each: Desk) -> None:
    issued = await desk_on_each.enrol()
    facts = DeviceFacts(device_id=issued.device.id, kind=DeviceKind.MANAGED, certificate=CertificateState.VALID)
    assert await desk_on_each.show(der_of(issued)) == facts
    assert await desk_on_each.show(der_of(issued), "Yamada") == facts, "logins differ by more than their case"
    assert await desk_on_each.show(None) == DeviceFacts()


async def test_somebody_elses_device_proves_nothing(desk: Desk) -> None:
    assert await desk.state(der_of(await desk.enrol()), "suzuki") is CertificateState.OTHER_OWNER


async def test_a_shared_device_is_good_for_everybody(desk: Desk) -> None:
    shared = await desk.enrol(owner="")
    assert await desk.state(der_of(shared), "suzuki") is CertificateState.VALID


async def test_a_certificate_counts_from_its_beginning_to_its_end(desk: Desk) -> None:
    issued = await desk.enrol()
    desk.pass_days(-1)
    assert await desk.state(der_of(issued)) is CertificateState.NOT_YET_VALID
    desk.pass_days(1 + desk.settings.certificate_days - 0.01)
    assert await desk.state(der_of(issued)) is CertificateState.VALID
    desk.pass_days(0.02)
    assert await desk.state(der_of(issued)) is CertificateState.EXPIRED


async def test_a_revoked_device_proves_nothing_not_even_after_its_end(desk: Desk) -> None:
    issued = await desk.enrol()
    await desk.devices.revoke(desk.actor, issued.device.id, "紛失")
    assert await desk.state(der_of(issued)) is CertificateState.REVOKED
    desk.pass_days(desk.settings.certificate_days + 1)
    assert await desk.state(der_of(issued)) is CertificateState.REVOKED


async def test_a_renewal_that_ends_the_old_certificate_leaves_the_new_one(desk: Desk) -> None:
    first = await desk.enrol()
    second = await desk.renew(first)
    assert await desk.state(der_of(first)) is CertificateState.VALID
    third = await desk.renew(first, ends_old=True)
    states = [await desk.state(der_of(each)) for each in (first, second, third)]
    assert states == [CertificateState.REVOKED, CertificateState.REVOKED, CertificateState.VALID]


async def test_before_the_first_device_no_certificate_counts(desk: Desk) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "any")])
    assert await desk.state(await desk.forge(Odd(issuer=name, key=key))) is CertificateState.OTHER_AUTHORITY


async def test_another_authority_is_not_ours_not_even_under_our_name(desk: Desk) -> None:
    await desk.enrol()
    ours = (await desk.signer()).certificate.subject
    stranger = ec.generate_private_key(ec.SECP256R1())
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other authority")])
    assert await desk.state(await desk.forge(Odd(issuer=other, key=stranger))) is CertificateState.OTHER_AUTHORITY
    assert await desk.state(await desk.forge(Odd(issuer=ours, key=stranger))) is CertificateState.FORGED


async def test_a_copy_that_was_signed_by_itself_under_our_name_is_forged(desk: Desk) -> None:
    """Everything of the true one but the signature, the serial too."""
    issued = await desk.enrol()
    ours = (await desk.signer()).certificate.subject
    stranger = ec.generate_private_key(ec.SECP256R1())
    copy = Odd(issuer=ours, key=stranger, serial=int(issued.serial, 16))
    assert await desk.state(await desk.forge(copy)) is CertificateState.FORGED


@pytest.mark.parametrize(
    "purpose, is_authority",
    [
        (ExtendedKeyUsageOID.SERVER_AUTH, False),
        (ExtendedKeyUsageOID.CODE_SIGNING, False),
        (None, False),
        (ExtendedKeyUsageOID.CLIENT_AUTH, True),
    ],
)
async def test_a_certificate_for_another_purpose_is_none(
    desk: Desk, purpose: ObjectIdentifier | None, is_authority: bool
) -> None:
    """Even where our own authority had signed it."""
    issued = await desk.enrol()
    signer = await desk.signer()
    odd = Odd(
        issuer=signer.certificate.subject,
        key=signer.key,
        purpose=purpose,
        is_authority=is_authority,
        serial=int(issued.serial, 16),
    )
    assert await desk.state(await desk.forge(odd)) is CertificateState.WRONG_PURPOSE


async def test_the_authoritys_own_certificate_is_no_devices(desk: Desk) -> None:
    await desk.enrol()
    own = (await desk.signer()).certificate.public_bytes(Encoding.DER)
    assert await desk.state(own) is CertificateState.WRONG_PURPOSE


async def test_what_the_books_do_not_know_does_not_count_whoever_signed_it(desk: Desk) -> None:
    """A stolen authority's key alone enrols nobody, nor does it replace a device's certificate."""
    issued = await desk.enrol()
    signer = await desk.signer()
    for serial in (0, int(issued.serial, 16)):
        odd = Odd(issuer=signer.certificate.subject, key=signer.key, serial=serial)
        assert await desk.state(await desk.forge(odd)) is CertificateState.NOT_ENROLLED


async def test_a_neighbours_device_is_nobodys_here(desk: Desk) -> None:
    theirs = der_of(await desk.enrol())
    async with desk.store.read() as tx:
        facts = await recognise(tx, NEIGHBOUR, theirs, login="yamada")
    assert facts == DeviceFacts(certificate=CertificateState.OTHER_AUTHORITY)


@pytest.mark.parametrize(
    "garbage", [b"", b"\0", b"MIIB", os.urandom(600), b"\x30\x82\xff\xff" * 5000, "証明書".encode()]
)
async def test_garbage_is_refused_as_such(desk: Desk, garbage: bytes) -> None:
    await desk.enrol()
    assert await desk.state(garbage) is CertificateState.UNREADABLE


async def test_bytes_after_the_certificate_make_it_another(desk: Desk) -> None:
    issued = der_of(await desk.enrol())
    assert await desk.state(issued + b"\0") is CertificateState.UNREADABLE


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # of a negative serial
async def test_no_certificate_survives_a_changed_byte(desk: Desk) -> None:
    """What still passes the look alone (a bit that the encoding does not care about) is not what the books hold."""
    der = der_of(await desk.enrol())
    authority = (await desk.signer()).certificate.public_bytes(Encoding.DER)
    true = inspect(der, authority)
    assert isinstance(true, Genuine)
    for at in range(len(der)):
        changed = bytearray(der)
        changed[at] ^= 1 << (at % 8)
        found = inspect(bytes(changed), authority)
        assert isinstance(found, CertificateState) or found.fingerprint != true.fingerprint


def test_an_entrance_vouches_only_for_devices_that_show_nothing() -> None:
    office = Place(origin=Origin.OFFICE, device=DeviceKind.MANAGED)
    assert DeviceFacts().placed(office) == office
    revoked = DeviceFacts(certificate=CertificateState.REVOKED).placed(office)
    assert (revoked.device, revoked.certificate) == (DeviceKind.NONE, CertificateState.REVOKED)
    private = DeviceFacts(kind=DeviceKind.BYOD, certificate=CertificateState.VALID).placed(office)
    assert (private.origin, private.device, private.certificate) == (
        Origin.OFFICE,
        DeviceKind.BYOD,
        CertificateState.VALID,
    )
