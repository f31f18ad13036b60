"""The file of demo secrets."""

from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from sekisho.demo.secrets import DemoSecrets, load_or_create


def load(path: Path, *people: str) -> DemoSecrets:
    return load_or_create(path, people=people, rdp=["rdp01"])


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "secrets.toml"
    first, second = load(path, "a.b"), load(path, "a.b")
    assert first == second
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secrets.toml"]


def test_an_account_that_is_new_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    before, after = load(path, "a.b"), load(path, "a.b", "c.d")
    assert after.people["a.b"] == before.people["a.b"]
    assert after.people["c.d"] != after.people["a.b"]


def test_a_file_that_others_could_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    load(path)
    path.chmod(0o644)
    load(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_cities_share_no_password(tmp_path: Path) -> None:
    one, other = load(tmp_path / "1.toml", "a.b"), load(tmp_path / "2.toml", "a.b")
    assert one.people["a.b"] != other.people["a.b"]


def test_nothing_is_printed(tmp_path: Path) -> None:
    secrets = load(tmp_path / "secrets.toml", "a.b")
    assert secrets.people["a.b"].reveal() not in repr(secrets)


@pytest.mark.parametrize("content", [b"not toml", b"[people]\nx = 1\n", b"\xff\xfe"])
def test_a_broken_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secrets.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"secrets\.toml"):
        load(path)
    assert path.read_bytes() == content
