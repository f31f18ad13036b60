"""Tables: which instructions exist, how many arguments they take, and what each needs to cross.

Sources: libguac's ``protocol.h``, 1.3.0 to 1.6.0, and what guacamole-common-js of these releases sends.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec


class Need(StrEnum):
    """What must be granted for a stream to cross."""

    PICTURE = "picture"
    AUDIO_OUT = "audio_out"
    MICROPHONE = "microphone"
    CLIPBOARD_IN = "clipboard_in"
    CLIPBOARD_OUT = "clipboard_out"
    FILE_IN = "file_in"
    FILE_OUT = "file_out"
    NEVER = "never"


class Opener(msgspec.Struct, frozen=True):
    """An instruction that opens a stream: its number of arguments, and which of them are index and type."""

    arity: int
    need: Need
    stream_at: int = 0
    mimetype_at: int = 1


DRAWING_SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # i: integer of at most six characters, so that layers and streams from 1000000 on stay the gateway's own;
        # d: decimal fraction; z: integer up to 2147483647 (a layer's height)
        "arc": "iiiiddi",
        "cfill": "iiiiii",
        "clip": "i",
        "close": "i",
        "copy": "iiiiiiiii",
        "cstroke": "iiiiiiiii",
        "cursor": "iiiiiii",
        "curve": "iiiiiii",
        "dispose": "i",
        "distort": "idddddd",
        "identity": "i",
        "lfill": "iii",
        "line": "iii",
        "lstroke": "iiiiii",
        "move": "iiiiz",
        "pop": "i",
        "push": "i",
        "rect": "iiiii",
        "reset": "i",
        "shade": "ii",
        "start": "iii",
        "transfer": "iiiiiiiii",
        "transform": "idddddd",
    }
)

FROM_GUACD_OPENERS: Final[Mapping[bytes, Opener]] = MappingProxyType(
    {
        b"img": Opener(6, Need.PICTURE, mimetype_at=3),
        b"audio": Opener(2, Need.AUDIO_OUT),
        b"clipboard": Opener(2, Need.CLIPBOARD_OUT),
        b"file": Opener(3, Need.FILE_OUT),
        b"pipe": Opener(3, Need.NEVER),
        b"argv": Opener(3, Need.NEVER),
        b"video": Opener(3, Need.NEVER, mimetype_at=2),
        b"body": Opener(4, Need.NEVER, stream_at=1, mimetype_at=2),
    }
)

FROM_BROWSER_OPENERS: Final[Mapping[bytes, Opener]] = MappingProxyType(
    {
        b"clipboard": Opener(2, Need.CLIPBOARD_IN),
        b"file": Opener(3, Need.FILE_IN),
        b"audio": Opener(2, Need.MICROPHONE),
        b"pipe": Opener(3, Need.NEVER),
        b"argv": Opener(3, Need.NEVER),
        b"put": Opener(4, Need.NEVER, stream_at=1, mimetype_at=2),
    }
)

DROPPED_FROM_GUACD: Final = frozenset(
    {
        # texts that are no picture: a window title, a log line, the names of other users
        b"name",
        b"log",
        b"msg",
        # no grant exists for the objects of a file system, and `nest` could carry anything
        b"filesystem",
        b"undefine",
        b"nest",
        # whole images in one element: releases before 0.9.14
        b"png",
        b"jpeg",
        # handshake, out of place
        b"args",
        b"ready",
        b"key",
    }
)
"""Known, and not forwarded. Unknown opcodes are dropped just the same, but counted apart."""
