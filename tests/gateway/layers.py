"""The two layers that hold every grant, taken away one at a time: the gateway's filters, and guacd's arguments.

What the filters were asked is written down, so that a test can tell a guacd that sent nothing from a filter that
let nothing pass.
"""

from collections.abc import Mapping

import pytest

from broker.model.grants import Grants
from broker.model.kinds import DesktopProtocol
from gateway import handshake
from gateway.filters import opcodes, streams
from gateway.filters.opcodes import Need
from gateway.filters.picture import PictureFilter
from gateway.protocol import Elements

JUDGE = streams.is_granted
_DROPPED = PictureFilter._is_drawing


class Layers:
    """``asked`` holds what the filters met: needs of streams, and opcodes that never cross."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked: list[Need | bytes] = []
        self._patch = patch
        self._are_filters_off = False
        patch.setattr(streams, "is_granted", self._is_granted)
        patch.setattr(PictureFilter, "_is_drawing", self._watch_dropped())

    def switch_filters_off(self) -> None:
        """Every stream crosses that has a grant at all, whatever is granted."""
        self._are_filters_off = True

    def leave_arguments_out(self, **instead: str) -> None:
        """guacd is told of no restriction; ``instead`` switches on what it would not do by itself."""

        def restrict(_protocol: DesktopProtocol, _grants: Grants) -> Mapping[str, str]:
            return {name.replace("_", "-"): value for name, value in instead.items()}

        self._patch.setattr(handshake, "restrict", restrict)

    def _is_granted(self, need: Need, mimetype: bytes, grants: Grants) -> bool:
        if need is not Need.PICTURE:
            self.asked.append(need)
        return JUDGE(need, mimetype, grants) or (self._are_filters_off and need is not Need.NEVER)

    def _watch_dropped(self) -> object:
        asked = self.asked

        def is_drawing(picture: PictureFilter, opcode: bytes, raw: bytes) -> bool:
            if opcode in opcodes.DROPPED_FROM_GUACD:
                asked.append(opcode)
            return _DROPPED(picture, opcode, raw)

        return is_drawing


def acks_of(instructions: list[Elements], index: bytes) -> list[bytes]:
    """The statuses with which a stream was acknowledged."""
    return [elements[3] for elements in instructions if elements[0] == b"ack" and elements[1] == index]
