"""What of a picture crosses as it is, skipped a stretch at a time: office work is hardly anything else.

A shortcut and no judge: whatever is not known for certain is left to be judged by itself, from its first byte.
"""

import re
from collections.abc import Callable
from typing import Final

from gateway.filters import grammar
from gateway.filters.grammar import BLOB_LENGTH_GROUP, END_GROUP, FRAME_GROUP, IMAGE_LENGTH_GROUP, read_value
from gateway.filters.streams import StreamTable
from gateway.protocol import MAX_ELEMENT_CODE_POINTS

_SEMICOLON: Final = 0x3B
_BEFORE_STREAM: Final = {
    IMAGE_LENGTH_GROUP: len(b"3.img,"),
    BLOB_LENGTH_GROUP: len(b"4.blob,"),
    END_GROUP: len(b"3.end,"),
}


class PictureSkimmer:
    """Skips the drawing, frames, images and blobs of open streams at the head of some data.

    ``end_frame`` is told the timestamp of each frame that ends in them.
    """

    __slots__ = ("_end_frame", "_streams")

    def __init__(self, streams: StreamTable, end_frame: Callable[[int], None]) -> None:
        self._streams = streams
        self._end_frame = end_frame

    def skim(self, data: bytes, position: int, *, is_ascii: bool) -> int:
        """The offset behind what was skipped. ``is_ascii`` tells of all of ``data``: only there bytes are code points.

        Raises :class:`ProtocolViolation` for more streams than there may be.
        """
        size = len(data)
        while position < size:
            stretch = grammar.picture_stretch.match(data, position)
            if stretch is None:
                return position
            position = stretch.end()
            last = stretch.lastindex
            if last == FRAME_GROUP:
                self._end_frame(int(read_value(stretch[last])))
            elif last is None:
                return position
            elif last == END_GROUP:
                if not self._skips_end(read_value(stretch[last])):
                    return stretch.start(last) - _BEFORE_STREAM[last]
            else:
                position = self._skip_blob(data, stretch, last) if is_ascii else -1
                if position < 0:
                    return stretch.start(last - 1) - _BEFORE_STREAM[last]
        return position

    def _skips_end(self, index: bytes) -> bool:
        return self._streams.state_of(index) is True and self._streams.close(index) is True

    def _skip_blob(self, data: bytes, stretch: re.Match[bytes], last: int) -> int:
        """The offset behind a blob, and behind the end of its stream if that is next; -1 if it has to be judged."""
        end = _find_blob_end(data, stretch.end(), int(stretch[last]))
        if end < 0:
            return -1
        element = stretch[last - 1]
        index = read_value(element)
        if last == IMAGE_LENGTH_GROUP:
            self._streams.open_picture(index)
        elif not self._streams.is_unlimited(index):
            return -1
        ending = b"3.end,%b;" % element
        if data.startswith(ending, end):
            self._streams.close(index)
            return end + len(ending)
        return end


def _find_blob_end(data: bytes, begin: int, length: int) -> int:
    """The offset behind the instruction whose last value begins at ``begin``, or -1 unless all of it is there."""
    end = begin + length
    if end >= len(data) or data[end] != _SEMICOLON or length > MAX_ELEMENT_CODE_POINTS:
        return -1
    return end + 1
