"""Signed checkpoints and the file that they are kept in."""

import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.anchor import AnchorFile
from broker.audit.checkpoint import CheckpointKey, VerifyingKey, public_path
from broker.audit.records import ChainHead
from broker.errors import ConfigurationError
from broker.ports import AuditCheckpoint
from tests.broker.audit.records import CITY, THEN, TOWN


@pytest.fixture
def key(tmp_path: Path) -> CheckpointKey:
    CheckpointKey.create(tmp_path / "audit.key")
    return CheckpointKey.load(tmp_path / "audit.key")


def _signed(key: CheckpointKey, seq: int = 7) -> AuditCheckpoint:
    return key.sign(CITY, ChainHead(seq, bytes([seq]) * 32), THEN)


def test_the_key_is_its_owners_alone_and_a_second_creation_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.key"
    CheckpointKey.create(path)
    before = path.read_bytes()
    CheckpointKey.create(path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert VerifyingKey.load(public_path(path)).confirms(_signed(CheckpointKey.load(path)))


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "audit.key"
    path.write_bytes(content)
    path.chmod(0o600)
    for load in (CheckpointKey.load, VerifyingKey.load):
        with pytest.raises(ConfigurationError, match=r"audit\.key"):
            load(path)


def test_a_key_that_others_can_read_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    with pytest.raises(ConfigurationError, match="can't be read"):
        CheckpointKey.load(path)
    CheckpointKey.create(path)
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        CheckpointKey.load(path)


def test_a_signature_stands_for_every_field(key: CheckpointKey, tmp_path: Path) -> None:
    signed = _signed(key)
    assert key.verifying_key.confirms(signed)
    changes = {
        "tenant_id": TOWN,
        "seq": 8,
        "record_hash": bytes(32),
        "signed_at": THEN.replace(microsecond=1),
        "signature": bytes(64),
    }
    for field, value in changes.items():
        assert not key.verifying_key.confirms(msgspec.structs.replace(signed, **{field: value})), field
    CheckpointKey.create(tmp_path / "stranger.key")
    assert not CheckpointKey.load(tmp_path / "stranger.key").verifying_key.confirms(signed)


def test_the_anchor_file_grows_line_by_line_and_reads_back(key: CheckpointKey, tmp_path: Path) -> None:
    anchor = AnchorFile(tmp_path / "elsewhere" / "checkpoints.jsonl")
    assert anchor.read().checkpoints == ()
    anchor.append([_signed(key, 1), _signed(key, 2)])
    anchor.append([_signed(key, 3)])
    assert anchor.read().checkpoints == tuple(_signed(key, seq) for seq in (1, 2, 3))
    assert stat.S_IMODE(anchor.path.stat().st_mode) == 0o600
    assert len(anchor.path.read_text("ascii").splitlines()) == 3


def test_a_line_that_a_power_cut_tore_spoils_no_other(key: CheckpointKey, tmp_path: Path) -> None:
    anchor = AnchorFile(tmp_path / "checkpoints.jsonl")
    anchor.append([_signed(key, 1), _signed(key, 2)])
    whole = anchor.path.read_bytes()
    anchor.path.write_bytes(whole[:-20])
    anchor.append([_signed(key, 3)])
    content = anchor.read()
    assert content.checkpoints == (_signed(key, 1), _signed(key, 3))
    assert content.bad_lines == (2,)


@given(st.binary(max_size=200))
def test_no_content_of_the_anchor_file_breaks_its_reader(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("anchor") / "checkpoints.jsonl"
    path.write_bytes(raw)
    AnchorFile(path).read()
