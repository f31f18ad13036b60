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
_END_HEAD: Final = b"3.end,"
_BLOB_HEAD: Final = b"4.blob,"
_BEFORE_STREAM: Final = {IMAGE_LENGTH_GROUP: len(b"3.img,"), BLOB_LENGTH_GROUP: len(_BLOB_HEAD)}


class PictureSkimmer:
    """Skips the drawing, frames, images and blobs of open streams at the head of some data.

    ``end_frame`` is told the timestamp of each frame that ends in them.
    """

    __slots__ = ("_end_frame", "_streams", "is_cut")

    def __init__(self, streams: StreamTable, end_frame: Callable[[int], None]) -> None:
        self.is_cut = False
        """What is left behind the last skim is the beginning of a blob of which bytes are missing."""
        self._streams = streams
        self._end_frame = end_frame

    def skim(self, data: bytes, position: int, *, is_ascii: bool) -> int:
        """The offset behind what was skipped. ``is_ascii`` tells of all of ``data``: only there bytes are code points.

        Raises :class:`ProtocolViolation` for more streams than there may be.
        """
        self.is_cut = False
        size = len(data)
        while position < size and not self.is_cut:
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
                    return stretch.start(last) - len(_END_HEAD)
            else:
                position = self._skip_blob(data, stretch, last) if is_ascii else -1
                if position < 0:
                    return stretch.start(last - 1) - _BEFORE_STREAM[last]
        return position

    def _skips_end(self, index: bytes) -> bool:
        return self._streams.state_of(index) is True and self._streams.close(index) is True

    def _skip_blob(self, data: bytes, stretch: re.Match[bytes], last: int) -> int:
        """The offset behind a blob, and behind the end of its stream if that is next; -1 if it has to be judged."""
        length = int(stretch[last])
        if length > MAX_ELEMENT_CODE_POINTS:
            return -1
        element = stretch[last - 1]
        end = stretch.end() + length
        if end >= len(data):
            return self._wait_for_rest(stretch, element, last)
        if data[end] != _SEMICOLON:
            return -1
        index = read_value(element)
        if last == IMAGE_LENGTH_GROUP:
            self._streams.open_picture(index)
        elif not self._streams.is_unlimited(index):
            return -1
        ending = b"%b%b;" % (_END_HEAD, element)
        if not data.startswith(ending, end + 1):
            return end + 1
        self._streams.close(index)
        return end + 1 + len(ending)

    def _wait_for_rest(self, stretch: re.Match[bytes], element: bytes, last: int) -> int:
        """The offset of a blob that is to be read again when it is whole; an image before it crosses now."""
        self.is_cut = True
        if last == IMAGE_LENGTH_GROUP:
            self._streams.open_picture(read_value(element))
        return stretch.start(last) - len(element) - len(b",") - len(_BLOB_HEAD)
