"""The handshake, by transcripts of what each release announces."""

from collections.abc import Sequence

import pytest

from broker.model.grants import Grants
from broker.model.kinds import DesktopProtocol
from broker.model.reasons import EndReason
from broker.wire.messages import ConnectionSpec
from gateway.display import Display, read_display
from gateway.errors import ProtocolViolation
from gateway.handshake import Established, Failed, Handshake, Send
from gateway.protocol import InstructionReader, encode_instruction
from gateway.restrictions import restrict
from tests.fakes import transcripts
from tests.fakes.broker import make_spec
from tests.fakes.grants import grant_only

VNC, RDP = DesktopProtocol.VNC, DesktopProtocol.RDP
RELEASES = [
    pytest.param(VNC, transcripts.VNC_1_3_0, "VERSION_1_3_0", id="vnc-1.3.0"),
    pytest.param(RDP, transcripts.RDP_1_3_0, "VERSION_1_3_0", id="rdp-1.3.0"),
    pytest.param(VNC, transcripts.VNC_1_5_0, "VERSION_1_5_0", id="vnc-1.5"),
    pytest.param(RDP, transcripts.RDP_1_5_0, "VERSION_1_5_0", id="rdp-1.5"),
    pytest.param(VNC, transcripts.VNC_1_6_0, "VERSION_1_5_0", id="vnc-1.6"),
    pytest.param(RDP, transcripts.RDP_1_6_0, "VERSION_1_5_0", id="rdp-1.6"),
]
DISPLAY = Display(width_px=1280, height_px=720, dpi=96, timezone="Asia/Tokyo")


def to_elements(*values: str) -> list[bytes]:
    return [value.encode() for value in values]


def answer(announced: Sequence[str], spec: ConnectionSpec) -> tuple[list[list[str]], dict[str, str]]:
    """The instructions that answer ``args``, and what ``connect`` says by name."""
    step = Handshake(spec, DISPLAY).receive(to_elements("args", *announced))
    assert isinstance(step, Send)
    reader = InstructionReader()
    reader.feed(step.data)
    said: list[list[str]] = []
    while (elements := reader.next()) is not None:
        said.append([element.decode() for element in elements])
    assert said[-1][0] == "connect"
    assert len(said[-1]) == len(announced) + 1
    return said, dict(zip(announced, said[-1][1:], strict=True))


@pytest.mark.parametrize("protocol, announced, version", RELEASES)
def test_every_release_is_answered_by_name(protocol: DesktopProtocol, announced: list[str], version: str) -> None:
    spec = make_spec(protocol=protocol, parameters={"hostname": "庁内PC", "port": "5900", "password": "秘密;1.a,"})
    assert Handshake(spec, DISPLAY).open() == f"6.select,3.{protocol.value};".encode()
    said, connect = answer(announced, spec)
    assert connect[announced[0]] == version
    assert (connect["hostname"], connect["port"], connect["password"]) == ("庁内PC", "5900", "秘密;1.a,")
    assert [line[0] for line in said] == ["size", "audio", "video", "image", "timezone", "connect"]
    assert said[0] == ["size", "1280", "720", "96"]
    assert said[1] == ["audio"]


@pytest.mark.parametrize("protocol, announced, version", RELEASES)
def test_every_restriction_is_said_where_it_is_announced(
    protocol: DesktopProtocol, announced: list[str], version: str
) -> None:
    hostile = {name: "true" for name in announced if name.startswith("enable-")} | {
        "disable-copy": "false", "disable-paste": "false", "static-channels": "leak", "recording-path": "/x",
        "disable-download": "false", "disable-upload": "false", "disable-audio": "false", "console-audio": "true",
        "create-recording-path": "true", "wol-send-packet": "true", "reverse-connect": "true",
    }  # fmt: skip
    _, connect = answer(announced, make_spec(protocol=protocol, parameters=hostile | {"hostname": "h"}))
    for name, value in restrict(protocol, Grants()).items():
        if name in connect:
            assert connect[name] == value, name
    assert connect["disable-copy"] == connect["disable-paste"] == "true"
    assert connect["enable-sftp"] == "false"
    if protocol is RDP:
        for name in ("enable-printing", "enable-drive", "enable-audio-input"):
            assert connect[name] == "false"
        assert connect["disable-audio"] == connect["disable-download"] == connect["disable-upload"] == "true"
        assert connect["static-channels"] == ""


def test_grants_loosen_exactly_what_they_name() -> None:
    off = restrict(RDP, Grants())
    for grant, changed in {
        "clipboard_in": {"disable-paste"},
        "clipboard_out": {"disable-copy"},
        "audio_out": {"disable-audio"},
        "microphone": {"enable-audio-input"},
        "print_out": {"enable-printing"},
        "file_in": {"enable-drive", "disable-upload"},
        "file_out": {"enable-drive", "disable-download"},
        "read_only": {"read-only"},
    }.items():
        on = restrict(RDP, grant_only(grant))
        assert {name for name in on if on[name] != off[name]} == changed


@pytest.mark.parametrize("name", ["hostname", "password", "cert-fingerprints", "security"])
def test_a_vital_argument_that_is_not_announced_refuses(name: str) -> None:
    announced = [known for known in transcripts.RDP_1_3_0 if known != name]
    spec = make_spec(protocol=RDP, parameters={"hostname": "h", name: "value"})
    step = Handshake(spec, DISPLAY).receive(to_elements("args", *announced))
    assert step == Failed(EndReason.RESTRICTION_UNSUPPORTED, name)


@pytest.mark.parametrize(
    "display, dpi, size",
    [
        ((1280, 720, 96), "", ("1280", "720", "96")),
        ((1282, 721, 96), "", ("1280", "721", "96")),
        ((2560, 1440, 192), "", ("1280", "720", "96")),
        ((1600, 900, 192), "", ("1000", "562", "120")),
        ((900, 500, 144), "", ("900", "500", "144")),
        ((2560, 1440, 192), "192", ("2560", "1440", "192")),
        ((2560, 1440, 192), "none", ("1280", "720", "96")),
    ],
)
def test_an_rdp_picture_has_the_size_that_guacd_is_told(
    display: tuple[int, int, int], dpi: str, size: tuple[str, str, str]
) -> None:
    width_px, height_px, own_dpi = display
    spec = make_spec(protocol=RDP, parameters={"hostname": "h", "dpi": dpi} if dpi else {"hostname": "h"})
    handshake = Handshake(spec, Display(width_px=width_px, height_px=height_px, dpi=own_dpi))
    step = handshake.receive(to_elements("args", *transcripts.RDP_1_3_0))
    assert isinstance(step, Send)
    reader = InstructionReader()
    reader.feed(step.data)
    *_, connect = iter(reader.next, None)
    told = dict(zip(transcripts.RDP_1_3_0, (value.decode() for value in connect[1:]), strict=True))
    assert (told["width"], told["height"], told["dpi"]) == size
    assert handshake.first_size() == encode_instruction("size", "0", *size[:2])


def test_the_size_of_a_vnc_picture_is_the_server_s() -> None:
    assert Handshake(make_spec(protocol=VNC), DISPLAY).first_size() == b""


def test_a_capability_that_is_not_announced_is_absent() -> None:
    spec = make_spec(protocol=RDP, parameters={"hostname": "h", "enable-touch": "true"})
    _, connect = answer(transcripts.RDP_1_3_0, spec)
    assert "enable-touch" not in connect


def test_the_first_release_is_spoken_without_version_and_time_zone() -> None:
    said, connect = answer(transcripts.VNC_1_0_0, make_spec(parameters={"hostname": "h", "port": "1"}))
    assert [line[0] for line in said] == ["size", "audio", "video", "image", "connect"]
    assert connect["hostname"] == "h"


def test_a_newer_release_is_answered_with_the_newest_version_known() -> None:
    _, connect = answer(["VERSION_2_0_0", *transcripts.VNC_1_6_0[1:]], make_spec())
    assert connect["VERSION_2_0_0"] == "VERSION_1_5_0"


@pytest.mark.parametrize(
    "instruction, expected",
    [
        (to_elements("ready", "$abc"), Established("$abc", frozenset(transcripts.VNC_1_3_0))),
        (to_elements("nop"), None),
        (to_elements("error", "text", "519"), Failed(EndReason.DESKTOP_UNREACHABLE)),
        (to_elements("error", "text", "769"), Failed(EndReason.DESKTOP_SIGNIN_FAILED)),
        (to_elements("error", "text", "many"), Failed(EndReason.GUACD_CLOSED)),
        (to_elements("disconnect"), Failed(EndReason.DESKTOP_UNREACHABLE)),
        (to_elements("required", "password"), Failed(EndReason.DESKTOP_SIGNIN_FAILED)),
    ],
)
def test_what_follows_connect(instruction: list[bytes], expected: object) -> None:
    handshake = Handshake(make_spec(), DISPLAY)
    handshake.receive(to_elements("args", *transcripts.VNC_1_3_0))
    assert handshake.receive(instruction) == expected


@pytest.mark.parametrize("early", [["ready", "$abc"], ["sync", "1"], ["img", "1"], ["connect"], ["canary"]])
def test_what_has_no_place_is_refused(early: list[str]) -> None:
    with pytest.raises(ProtocolViolation):
        Handshake(make_spec(), DISPLAY).receive(to_elements(*early))


def test_args_are_answered_once() -> None:
    handshake = Handshake(make_spec(), DISPLAY)
    handshake.receive(to_elements("args", *transcripts.VNC_1_3_0))
    with pytest.raises(ProtocolViolation):
        handshake.receive(to_elements("args", *transcripts.VNC_1_3_0))


@pytest.mark.parametrize(
    "told, expected",
    [
        (("1601", "900", "144", "Asia/Tokyo"), Display(width_px=1600, height_px=900, dpi=144, timezone="Asia/Tokyo")),
        (("1", "99999", "1", ""), Display(width_px=200, height_px=8192, dpi=48, timezone="")),
        (("wide", "-5", "１４４", "../../etc/passwd"), Display()),
        (("", "", "", "Asia/Tokyo;rm"), Display()),
    ],
)
def test_what_a_browser_says_of_its_screen_is_brought_into_range(told: tuple[str, ...], expected: Display) -> None:
    assert read_display(*told) == expected
