"""guacd's arguments: what a pool may set, and what it can never reach."""

import pytest

from broker.model.kinds import DesktopProtocol
from broker.model.records import Endpoint
from broker.pool.parameters import ALLOWED_PARAMETERS, connection_parameters, refuse_parameters
from broker.secret import Secret

VNC, RDP = DesktopProtocol.VNC, DesktopProtocol.RDP
# As guacd 1.3.0 and 1.6.0 announce them.
_NAMES = """
    hostname port username password enable-drive drive-name drive-path create-drive-path disable-download
    disable-upload enable-printing printer-name enable-sftp sftp-hostname sftp-host-key sftp-port sftp-username
    sftp-password sftp-private-key sftp-passphrase sftp-directory sftp-root-directory sftp-server-alive-interval
    sftp-disable-download sftp-disable-upload sftp-timeout sftp-public-key recording-path recording-name
    recording-exclude-output recording-exclude-mouse recording-exclude-touch recording-include-keys
    recording-write-existing create-recording-path disable-copy disable-paste wol-send-packet wol-mac-addr
    wol-broadcast-addr wol-wait-time wol-udp-port gateway-hostname gateway-port gateway-domain gateway-username
    gateway-password enable-audio enable-audio-input disable-audio console-audio audio-servername read-only
    dest-host dest-port reverse-connect listen-timeout static-channels disable-auth disable-server-input cert-tofu
    disable-bitmap-caching disable-offscreen-caching disable-glyph-caching disable-gfx disable-display-resize
"""
DANGEROUS = _NAMES.split()


@pytest.mark.parametrize("name", DANGEROUS)
@pytest.mark.parametrize("protocol", DesktopProtocol)
def test_what_moves_data_or_switches_restrictions_is_refused(protocol: DesktopProtocol, name: str) -> None:
    refused = refuse_parameters(protocol, {name: "true"})
    assert refused is not None
    assert refused.name == name
    sent = connection_parameters(
        protocol, {name: "evil"}, Endpoint(host="desk.test", port=3389), {"password": Secret("pw")}
    )
    assert "evil" not in sent.values()


def test_lists_hold_no_family_that_must_stay_out() -> None:
    families = ("sftp", "recording", "wol", "gateway", "disable", "drive", "printer", "create", "enable-audio")
    for allowed in ALLOWED_PARAMETERS.values():
        assert not [name for name in allowed if name.startswith(families)]


@pytest.mark.parametrize("value", ["a\x00b", "a\nb", "a\x7fb", "x" * 256])
def test_values_are_bounded_and_hold_no_control_characters(value: str) -> None:
    assert refuse_parameters(RDP, {"domain": value}) is not None
    assert refuse_parameters(RDP, {"domain": "港市"}) is None


def test_a_vnc_desktop_gets_its_address_its_password_and_our_defaults() -> None:
    sent = connection_parameters(VNC, {}, Endpoint(host="/run/desk.sock", port=0), {"password": Secret("pw")})
    assert sent == {
        "clipboard-encoding": "ISO8859-1",
        "color-depth": "24",
        "cursor": "local",
        "hostname": "/run/desk.sock",
        "port": "0",
        "password": "pw",
    }


def test_an_rdp_desktop_has_a_japanese_keyboard_and_follows_the_window() -> None:
    account = {"username": Secret("taro"), "password": Secret("himitsu")}
    sent = connection_parameters(RDP, {"security": "nla"}, Endpoint(host="pc.test", port=3389), account)
    assert sent["server-layout"] == "ja-jp-qwerty"
    assert sent["resize-method"] == "display-update"
    assert (sent["hostname"], sent["port"]) == ("pc.test", "3389")
    assert (sent["username"], sent["password"]) == ("taro", "himitsu")
    assert sent["security"] == "nla"
    assert "ignore-cert" not in sent


def test_a_certificate_is_only_ignored_where_the_pool_says_so() -> None:
    sent = connection_parameters(RDP, {"ignore-cert": "true"}, Endpoint(host="pc.test", port=3389), {})
    assert sent["ignore-cert"] == "true"
    assert "username" not in sent
