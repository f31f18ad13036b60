"""The handshake with guacd, without any I/O: select → args → size, audio, video, image, timezone → connect.

Arguments are answered by name, so that any guacd from 1.0 to 1.6 is served by what it announces.
"""

import re
from enum import IntEnum
from typing import Final

import msgspec

from broker.model.kinds import DesktopProtocol
from broker.model.reasons import EndReason
from broker.wire.messages import ConnectionSpec
from gateway.display import Display, choose_rdp_picture, read_dpi
from gateway.errors import ProtocolViolation
from gateway.protocol import Elements, encode_instruction
from gateway.restrictions import VITAL_ARGUMENTS, restrict
from gateway.status import classify_guacd_status

_version_form: Final = re.compile(r"VERSION_([0-9]{1,3})_([0-9]{1,3})_([0-9]{1,3})")
_NEWEST_VERSION: Final = (1, 5, 0)
_TIMEZONE_SINCE: Final = (1, 1, 0)
_SOUND_TYPES: Final = ("audio/L16",)
_IMAGE_TYPES: Final = ("image/png", "image/jpeg")
_CLIENT_UNAUTHORIZED: Final = 0x0301


class Send(msgspec.Struct, frozen=True):
    """Bytes for guacd."""

    data: bytes


class Established(msgspec.Struct, frozen=True):
    """guacd has taken the connection. That is *not* success: only drawing and a ``sync`` are."""

    connection_id: str
    announced: frozenset[str]


class Failed(msgspec.Struct, frozen=True):
    """The session can't be had; ``argument`` names a guacd argument that is missing, if that is why."""

    reason: EndReason
    argument: str = ""


Step = Send | Established | Failed


class _Stage(IntEnum):
    SELECTED = 1
    CONNECTED = 2


class Handshake:
    """One handshake: send :meth:`open`, then hand over every instruction that guacd sends.

    With ``joins`` (a connection's id) it becomes a further user of that connection, whose ``connect`` repeats every
    restriction: guacd keeps them per user.
    """

    def __init__(self, spec: ConnectionSpec, display: Display, joins: str = "") -> None:
        self._joins = joins
        self._spec = spec
        self._display = display
        self._stage = _Stage.SELECTED
        self._announced: frozenset[str] = frozenset()
        self._picture: Display | None = None
        if spec.protocol is DesktopProtocol.RDP:
            self._picture = choose_rdp_picture(display, read_dpi(spec.parameters.get("dpi", "")))

    def open(self) -> bytes:
        """The first bytes for guacd."""
        return encode_instruction("select", self._joins or self._spec.protocol.value)

    def receive(self, elements: Elements) -> Step | None:
        """What follows from one instruction of guacd; ``None`` for nothing yet.

        Raises :class:`ProtocolViolation` for anything that has no place here.
        """
        match elements[0], self._stage:
            case b"nop", _:
                return None
            case b"args", _Stage.SELECTED:
                return self._answer(elements)
            case b"ready", _Stage.CONNECTED if len(elements) == 2:
                return Established(elements[1].decode(), self._announced)
            case b"error", _:
                return Failed(classify_guacd_status(_read_status(elements)))
            case b"disconnect", _:
                return Failed(EndReason.DESKTOP_UNREACHABLE)
            case b"required", _Stage.CONNECTED:
                return Failed(classify_guacd_status(_CLIENT_UNAUTHORIZED))
            case b"log", _:
                return None
            case _:
                raise ProtocolViolation("out of place in the handshake", elements[0])

    def _answer(self, elements: Elements) -> Step:
        names = [element.decode() for element in elements[1:]]
        version, answered = _choose_version(names[0] if names else "")
        self._announced = frozenset(names)
        values = self._values()
        missing = sorted(name for name in VITAL_ARGUMENTS & values.keys() - self._announced if values[name])
        if missing:
            return Failed(EndReason.RESTRICTION_UNSUPPORTED, missing[0])
        self._stage = _Stage.CONNECTED
        connect = [answered if is_version(name) else values.get(name, "") for name in names]
        return Send(self._describe_client(version) + encode_instruction("connect", *connect))

    def first_size(self) -> bytes:
        """``size`` of the default layer, where we know it, to be shown before anything of guacd's.

        guacd up to 1.5 starts an RDP session before it lists the user who asked for it, and what it sends in
        between reaches nobody. On a busy host that is this very instruction, and a picture without it has no size.
        """
        if self._picture is None or self._joins:
            return b""
        return encode_instruction("size", "0", str(self._picture.width_px), str(self._picture.height_px))

    def _values(self) -> dict[str, str]:
        restrictions = restrict(self._spec.protocol, self._spec.grants)
        return {**self._spec.parameters, **self._size_values(), **restrictions}

    def _size_values(self) -> dict[str, str]:
        """The size said in so many words, so that guacd draws at that of :meth:`first_size` and no other."""
        if self._picture is None:
            return {}
        picture = self._picture
        return {"width": str(picture.width_px), "height": str(picture.height_px), "dpi": str(picture.dpi)}

    def _describe_client(self, version: tuple[int, ...]) -> bytes:
        display = self._display
        sound = _SOUND_TYPES if self._spec.grants.audio_out else ()
        lines = [
            encode_instruction("size", str(display.width_px), str(display.height_px), str(display.dpi)),
            encode_instruction("audio", *sound),
            encode_instruction("video"),
            encode_instruction("image", *_IMAGE_TYPES),
        ]
        if version >= _TIMEZONE_SINCE and display.timezone:
            lines.append(encode_instruction("timezone", display.timezone))
        return b"".join(lines)


def is_version(name: str) -> bool:
    """Whether an announced name is the version of the protocol instead of an argument."""
    return _version_form.fullmatch(name) is not None


def _choose_version(first_name: str) -> tuple[tuple[int, ...], str]:
    """The version to speak, and the word that answers it: the older of guacd's and ours."""
    match = _version_form.fullmatch(first_name)
    if match is None:
        return (1, 0, 0), ""
    version = min(tuple(int(part) for part in match.groups()), _NEWEST_VERSION)
    return version, "VERSION_" + "_".join(str(part) for part in version)


def _read_status(elements: Elements) -> int:
    is_numbered = len(elements) == 3 and len(elements[2]) <= 5 and elements[2].isdigit()
    return int(elements[2]) if is_numbered else 0
