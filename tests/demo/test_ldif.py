"""The city as LDIF."""

import base64
import hashlib

from broker.secret import Secret
from sekisho.demo import ldif
from sekisho.demo.city import staff

PASSWORDS = {person.uid: Secret(f"pw-{person.uid}") for person in staff()}


def test_every_line_is_ascii_and_no_password_is_in_clear() -> None:
    text = ldif.entries(staff(), PASSWORDS, Secret("service-pw"))
    assert text.isascii()
    assert not any(secret.reveal() in text for secret in PASSWORDS.values())
    assert text.count("dn:") == 1 + 4 + 1 + 10 + 200 + 7


def test_names_are_written_as_they_are() -> None:
    person = next(person for person in staff() if "\U00020bb7" in person.family.written)
    assert f"sn:: {base64.b64encode(person.family.written.encode()).decode()}\n" in ldif.entries(
        [person], PASSWORDS, Secret("x")
    )


def test_a_hash_is_salted_and_verifies() -> None:
    one, other = ldif.hash_password(Secret("秘密")), ldif.hash_password(Secret("秘密"))
    assert one != other
    raw = base64.b64decode(one.removeprefix("{SSHA}"))
    assert hashlib.sha1("秘密".encode() + raw[20:]).digest() == raw[:20]
