"""A settings file is read strictly: what is wrong is named by file and path."""

from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.model.kinds import Origin
from broker.settings import load_settings, read_secret_file

TENANT = """
[[tenants]]
id = "hinode"
name_ja = "日の出市"
name_en = "Hinode"
hostnames = ["localhost"]
pools = []
zones = [{ id = "lgwan", name_ja = "LGWAN接続系", name_en = "LGWAN" }]
[tenants.directory]
url = "ldaps://directory"
ca_file = "ca.pem"
bind_dn = "cn=service"
bind_password_file = "bind.password"
user_base = "dc=example"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_small_file_is_enough_and_the_rest_has_safe_defaults(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, f'data_dir = "{tmp_path}"\n{TENANT}'))

    assert settings.tenants[0].name_ja == "日の出市"
    assert settings.portal_host == "127.0.0.1"
    assert (settings.signin.enrol_networks, settings.signin.enrol_origins) == ([], [Origin.OFFICE])
    assert settings.path("run/wire.sock") == tmp_path / "run/wire.sock"


ENTRANCE = """
[[entrances]]
id = "office"
origin = "office"
public_url = "https://portal.hinode.example"
tunnel_url = "wss://portal.hinode.example/tunnel"
"""


@pytest.mark.parametrize("written, listens_at", [("", ""), ('host = ""', ""), ('host = "10.0.0.5"', "10.0.0.5")])
def test_nobody_is_listened_to_beside_the_entrances_unless_it_is_written(
    tmp_path: Path, written: str, listens_at: str
) -> None:
    text = f'data_dir = "{tmp_path}"\n[portal]\n{written}\n{ENTRANCE}\n{TENANT}'
    assert load_settings(write(tmp_path, text)).portal_host == listens_at


@pytest.mark.parametrize(
    "text, said",
    [
        ('data_dir = "/x"\n[portal]\nprot = 1', r"prot.*\$\.portal"),
        ('data_dir = "/x"\n[portal]\nport = "eighty"', r"\$\.portal\.port"),
        ('data_dir = "/x"\n[portal]\norigin = "the moon"', r"\$\.portal\.origin"),
        ("[portal]\nport = 1", "data_dir"),
        ("data_dir = ", "not valid TOML"),
    ],
)
def test_a_mistake_stops_the_start_and_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as fault:
        load_settings(write(tmp_path, text))
    assert "site.toml" in str(fault.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"binary\.toml"):
        load_settings(binary)


def test_a_secret_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "bind.password"
    path.write_text("合言葉\n", "utf-8")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_secret_file(path)
    path.chmod(0o600)
    assert read_secret_file(path).reveal() == "合言葉"
