"""Secrets print nothing, and a sealed value opens for its purpose only."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import ConfigurationError, SealBroken
from broker.secret import Sealed, SealingKey, Secret, hash_token, new_token

KEY = SealingKey(bytes(range(32)))


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret("合言葉")

    assert "合言葉" not in f"{secret} {secret!r} {secret!s} {[secret]} {secret:>20}"
    assert secret.reveal() == "合言葉"


def test_a_secret_is_compared_by_its_text_and_never_pickled() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError):
        pickle.dumps(Secret("a"))


@given(text=st.text(max_size=200), purpose=st.text(max_size=40))
def test_what_was_sealed_opens_again(text: str, purpose: str) -> None:
    assert KEY.open(purpose, KEY.seal(purpose, Secret(text))).reveal() == text


def test_the_same_secret_is_never_sealed_to_the_same_bytes() -> None:
    assert KEY.seal("totp:a", Secret("x")) != KEY.seal("totp:a", Secret("x"))


@given(position=st.integers(0, 43))
def test_a_changed_byte_does_not_open(position: int) -> None:
    blob = bytearray(KEY.seal("totp:a", Secret("sixteen letters!")).blob)
    blob[position] ^= 1
    with pytest.raises(SealBroken):
        KEY.open("totp:a", Sealed(bytes(blob)))


def test_another_purpose_or_key_does_not_open_and_the_fault_names_nobody() -> None:
    sealed = KEY.seal("totp:hinode:yamada", Secret("x"))
    with pytest.raises(SealBroken) as fault:
        KEY.open("totp:hinode:sato", sealed)
    assert "sato" not in str(fault.value)
    with pytest.raises(SealBroken):
        SealingKey(bytes(32)).open("totp:hinode:yamada", sealed)
    with pytest.raises(SealBroken):
        KEY.open("totp:hinode:yamada", Sealed(b"short"))


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "sealing.key"
    SealingKey.create(path)
    first = path.read_text()
    SealingKey.create(path)

    assert path.read_text() == first
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = SealingKey.load(path).seal("p", Secret("x"))
    assert SealingKey.load(path).open("p", sealed) == Secret("x")


def test_a_key_file_that_others_can_read_stops_the_start_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    SealingKey.create(path)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        SealingKey.load(path)


@pytest.mark.parametrize("content", ["", "zz" * 32, "00" * 31])
def test_a_malformed_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sealing.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="key"):
        SealingKey.load(path)


def test_tokens_are_long_random_and_stored_by_hash() -> None:
    one, other = new_token(), new_token()

    assert one != other
    assert len(one.reveal()) == 43
    assert hash_token(one) == hash_token(one.reveal())
    assert hash_token(one) != hash_token(other)
