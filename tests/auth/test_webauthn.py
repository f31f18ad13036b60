"""What a passkey signed is checked to the last field; what nobody signed is refused and breaks nothing."""

import json
from typing import Any

import pytest
from fido2.utils import websafe_decode, websafe_encode
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.webauthn import MAX_ANSWER_CHARS, WebAuthn
from broker.model.ids import TenantId, UserId
from broker.model.passkeys import Passkey, RelyingParty
from broker.model.reasons import SigninRefusal
from broker.ports import PasskeyHolder, PasskeyMade, PasskeyRejected, PasskeyShown, PasskeyVerifier
from tests.factories import MORNING
from tests.fakes.security_key import MODEL, SecurityKey

VERIFIER: PasskeyVerifier = WebAuthn()
HOST = "portal.city.example.jp"
ORIGIN = f"https://{HOST}"
PARTY = RelyingParty(id=HOST, name="関所市", origins=frozenset({ORIGIN, f"{ORIGIN}:8443"}))
HOLDER = PasskeyHolder(handle=b"user-1", login="yamada", display_name="山田 太郎")
CHALLENGE = bytes(range(32))


def made(key: SecurityKey, party: RelyingParty = PARTY, **how: Any) -> PasskeyMade | PasskeyRejected:
    options = VERIFIER.creation_options(party, CHALLENGE, HOLDER, [])
    return VERIFIER.verify_new(party, CHALLENGE, key.make(options, **how))


def a_passkey(key: SecurityKey) -> Passkey:
    new = made(key)
    assert isinstance(new, PasskeyMade), new
    return Passkey(
        tenant_id=TenantId("demo"),
        id="1",
        user_id=UserId("user-1"),
        rp_id=HOST,
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        aaguid=new.aaguid,
        name="鍵",
        created_at=MORNING,
    )


def shown(key: SecurityKey, passkey: Passkey, party: RelyingParty = PARTY, **how: Any) -> Any:
    return VERIFIER.verify_shown(party, CHALLENGE, passkey, key.show(VERIFIER.request_options(party, CHALLENGE), **how))


def test_a_key_that_was_made_here_signs_in_here() -> None:
    key = SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    assert (passkey.credential_id, passkey.aaguid, passkey.sign_count) == (key.credential_id, MODEL, 1)
    assert shown(key, passkey) == PasskeyShown(2)
    assert shown(key, passkey, origin=f"{ORIGIN}:8443") == PasskeyShown(3), "the other entrance of the same name"


def test_the_question_names_nobody() -> None:
    options = VERIFIER.request_options(PARTY, CHALLENGE)
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
    create: Any = VERIFIER.creation_options(PARTY, CHALLENGE, HOLDER, [b"\1\2"])
    assert create["authenticatorSelection"]["residentKey"] == "required"
    assert create["attestation"] == "none"
    assert create["excludeCredentials"] == [{"type": "public-key", "id": "AQI"}]


@pytest.mark.parametrize(
    "origin",
    [
        "https://portal.city.example.jp.evil.example",
        "https://evil.example",
        "http://portal.city.example.jp",
        "https://portal.city.example.jp:444",
        "https://PORTAL.city.example.jp",
        "https://sub.portal.city.example.jp",
        "null",
        "",
    ],
)
def test_a_page_of_another_origin_gets_nothing_that_counts(origin: str) -> None:
    key = SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    refused = PasskeyRejected(SigninRefusal.PASSKEY_ORIGIN)
    if origin:
        assert shown(key, passkey, origin=origin) == refused
        assert made(SecurityKey(ORIGIN), origin=origin) == refused
    assert shown(key, passkey, rp_id="evil.example") == refused


def test_a_page_inside_a_frame_of_another_site_counts_for_nothing() -> None:
    key = SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    answer = json.loads(key.show(VERIFIER.request_options(PARTY, CHALLENGE)))
    client = {"type": "webauthn.get", "challenge": websafe_encode(CHALLENGE), "origin": ORIGIN, "crossOrigin": True}
    answer["response"]["clientDataJSON"] = websafe_encode(json.dumps(client).encode())
    assert VERIFIER.verify_shown(PARTY, CHALLENGE, passkey, json.dumps(answer)) == PasskeyRejected(
        SigninRefusal.PASSKEY_ORIGIN
    )


def test_a_key_that_did_not_check_its_person_counts_only_where_the_tenant_lets_it() -> None:
    key = SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    key.verifies = False
    assert shown(key, passkey) == PasskeyRejected(SigninRefusal.PASSKEY_USER_UNVERIFIED)
    assert made(SecurityKey(ORIGIN, verifies=False)) == PasskeyRejected(SigninRefusal.PASSKEY_USER_UNVERIFIED)
    relaxed = replace(PARTY, must_verify_user=False)
    assert isinstance(shown(key, passkey, relaxed), PasskeyShown)


def test_a_counter_that_goes_back_or_stands_still_betrays_a_copy() -> None:
    key = SecurityKey(ORIGIN, counter=7)
    passkey = a_passkey(key)
    key.counter = 3
    assert shown(key, passkey) == PasskeyRejected(SigninRefusal.PASSKEY_COUNTER)
    key.counter = passkey.sign_count - 1
    assert shown(key, passkey) == PasskeyRejected(SigninRefusal.PASSKEY_COUNTER)


def test_a_synced_passkey_does_not_count_and_may_be_used_again() -> None:
    key = SecurityKey(ORIGIN, counter=None)
    passkey = a_passkey(key)
    assert shown(key, passkey) == PasskeyShown(0)
    assert shown(key, passkey) == PasskeyShown(0)


def test_a_signature_of_another_key_or_over_another_challenge_is_worth_nothing() -> None:
    key, stranger = SecurityKey(ORIGIN), SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    a_passkey(stranger)
    stranger.credential_id = key.credential_id
    assert shown(stranger, passkey) == PasskeyRejected(SigninRefusal.PASSKEY_SIGNATURE)
    other = key.show(VERIFIER.request_options(PARTY, bytes(32)))
    assert VERIFIER.verify_shown(PARTY, CHALLENGE, passkey, other) == PasskeyRejected(SigninRefusal.PASSKEY_SIGNATURE)


def test_an_answer_to_one_question_is_none_to_the_other() -> None:
    key = SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    creation = key.make(VERIFIER.creation_options(PARTY, CHALLENGE, HOLDER, []))
    assert isinstance(VERIFIER.verify_shown(PARTY, CHALLENGE, passkey, creation), PasskeyRejected)
    use = key.show(VERIFIER.request_options(PARTY, CHALLENGE))
    assert isinstance(VERIFIER.verify_new(PARTY, CHALLENGE, use), PasskeyRejected)


def test_a_key_that_names_another_owner_is_not_theirs() -> None:
    key = SecurityKey(ORIGIN)
    passkey = a_passkey(key)
    key.user_handle = b"user-2"
    assert shown(key, passkey) == PasskeyRejected(SigninRefusal.PASSKEY_UNKNOWN)
    key.user_handle = b"user-1"
    assert shown(key, replace(passkey, rp_id="other.example")) == PasskeyRejected(SigninRefusal.PASSKEY_UNKNOWN)


def test_only_listed_models_are_enrolled_where_the_tenant_lists_them() -> None:
    listed = replace(PARTY, aaguids=frozenset({MODEL}))
    options: Any = VERIFIER.creation_options(listed, CHALLENGE, HOLDER, [])
    assert options["attestation"] == "direct"
    refused = PasskeyRejected(SigninRefusal.PASSKEY_MODEL)
    assert isinstance(made(SecurityKey(ORIGIN), listed, fmt="packed"), PasskeyMade)
    assert made(SecurityKey(ORIGIN), listed) == refused, "no statement: it may be any model"
    other = SecurityKey(ORIGIN, model="00000000-0000-0000-0000-000000000001")
    assert made(other, listed, fmt="packed") == refused
    forger = SecurityKey(ORIGIN)
    forger._sign = lambda message: b"no signature"  # type: ignore[method-assign]  # a statement that nobody signed
    assert made(forger, listed, fmt="packed") == refused


@given(st.text(max_size=300) | st.just("x" * (MAX_ANSWER_CHARS + 1)))
def test_text_that_is_no_answer_is_refused(text: str) -> None:
    assert VERIFIER.read(text) is None
    assert isinstance(VERIFIER.verify_new(PARTY, CHALLENGE, text), PasskeyRejected)


_KEY = SecurityKey(ORIGIN, counter=None)
_PASSKEY = a_passkey(_KEY)
_PARTS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")


@given(part=st.sampled_from(_PARTS), junk=st.binary(max_size=200), nested=st.integers(0, 30_000))
def test_made_up_bytes_in_any_part_are_refused_and_break_nothing(part: str, junk: bytes, nested: int) -> None:
    """CBOR that nests deeper than any stack is among them."""
    use = json.loads(_KEY.show(VERIFIER.request_options(PARTY, CHALLENGE)))
    use["response"][part] = websafe_encode(b"\x81" * (nested if nested > 15_000 else 0) + junk)
    answer = json.dumps(use)
    made_up = part in {"clientDataJSON", "authenticatorData", "signature"}
    outcome = VERIFIER.verify_shown(PARTY, CHALLENGE, _PASSKEY, answer)
    assert isinstance(outcome, PasskeyRejected) or not made_up
    assert isinstance(VERIFIER.verify_new(PARTY, CHALLENGE, answer), PasskeyRejected)
    VERIFIER.read(answer)


@given(cut=st.integers(0, 400), flip=st.integers(0, 2000))
def test_no_bit_of_a_signed_answer_can_be_changed(cut: int, flip: int) -> None:
    use = json.loads(_KEY.show(VERIFIER.request_options(PARTY, CHALLENGE)))
    field = ("clientDataJSON", "authenticatorData", "signature")[flip % 3]
    raw = bytearray(websafe_decode(use["response"][field]))
    raw[cut % len(raw)] ^= 1 << flip % 8
    use["response"][field] = websafe_encode(bytes(raw))
    assert isinstance(VERIFIER.verify_shown(PARTY, CHALLENGE, _PASSKEY, json.dumps(use)), PasskeyRejected)
