"""Keys and pointer buttons that a browser holds down, so that they can be let go of when its line is gone."""

import re
from typing import Final

from gateway.protocol import encode_instruction

MAX_HELD: Final = 64
_key: Final = re.compile(rb"3\.key,[0-9]+\.(-?[0-9]+),1\.([01]);")
_mouse: Final = re.compile(rb"5\.mouse,[0-9]+\.(-?[0-9]+),[0-9]+\.(-?[0-9]+),[0-9]+\.(-?[0-9]+);")
_DOWN: Final = b"1"


class Pressed:
    """Sees what crosses to guacd. Without a browser a held key would repeat for as long as the desktop is kept."""

    __slots__ = ("_held", "_pointer")

    def __init__(self) -> None:
        self._held: dict[bytes, None] = {}
        self._pointer = b""

    def note(self, crossing: bytes) -> None:
        """Whole instructions on their way to guacd."""
        if b"3.key," in crossing:
            for key in _key.finditer(crossing):
                self._note_key(key[1], is_down=key[2] == _DOWN)
        if b"5.mouse," in crossing:
            self._pointer = crossing

    def _note_key(self, keysym: bytes, *, is_down: bool) -> None:
        if not is_down:
            self._held.pop(keysym, None)
        elif len(self._held) < MAX_HELD:
            self._held[keysym] = None

    def release(self) -> bytes:
        """Instructions that let go of everything; empty when nothing is held."""
        keys = [encode_instruction("key", keysym.decode("ascii"), "0") for keysym in reversed(self._held)]
        moves = _mouse.findall(self._pointer)
        self._held, self._pointer = {}, b""
        if moves and moves[-1][2] != b"0":
            x, y, _ = (number.decode("ascii") for number in moves[-1])
            keys.append(encode_instruction("mouse", x, y, "0"))
        return b"".join(keys)
