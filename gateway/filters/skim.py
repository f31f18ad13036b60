"""What of a picture crosses as it is, skipped a stretch at a time: office work is hardly anything else.

A shortcut and no judge: whatever is not known for certain is left to be judged by itself, from its first byte.
It runs at every wake-up, between which others have taken the processor's caches: little code and few objects count
for more than few steps.
"""

import re
from collections.abc import Callable
from typing import Final, cast

from gateway.filters.grammar import BLOB_LENGTH_GROUP, END_GROUP, FRAME_GROUP, IMAGE_LENGTH_GROUP, picture_stretch
from gateway.filters.streams import StreamTable
from gateway.filters.syncs import SyncLedger
from gateway.protocol import MAX_ELEMENT_CODE_POINTS

_SEMICOLON: Final = 0x3B
_BEFORE_INDEX: Final = len(b"1.")
_BEFORE_STREAM: Final = {
    IMAGE_LENGTH_GROUP: len(b"3.img,"),
    BLOB_LENGTH_GROUP: len(b"4.blob,"),
    END_GROUP: len(b"3.end,"),
}

match_stretch = cast("Callable[..., re.Match[bytes]]", picture_stretch.match)
"""A stretch from some offset of some data; it may be empty, but there always is one."""


def skim(
    data: bytes, stretch: re.Match[bytes], streams: StreamTable, syncs: SyncLedger, is_ascii: bool
) -> tuple[int, bool]:
    """The offset behind the drawing, frames, images and blobs of open streams that begin with ``stretch``; and
    whether nothing is left there but the beginning of a blob, and perhaps its image before it.

    ``is_ascii`` tells of all of ``data``: only there bytes are code points. Raises :class:`ProtocolViolation` for
    more streams than there may be.
    """
    size = len(data)
    while True:
        position = stretch.end()
        last = stretch.lastindex
        if last is None:
            return position, False
        if last == FRAME_GROUP:
            syncs.note_sent(int(stretch[FRAME_GROUP]))
        elif last == END_GROUP:
            if not _has_closed(streams, stretch[END_GROUP][_BEFORE_INDEX:]):
                return _find_head(stretch, last), False
        else:
            end = position + int(stretch[last])
            if not is_ascii or end - position > MAX_ELEMENT_CODE_POINTS:
                return _find_head(stretch, last), False
            if end >= size:
                # an image crosses with its first blob
                return _find_head(stretch, last), not streams.is_full()
            position = _pass_blob(data, end, stretch, last, streams)
            if position < 0:
                return _find_head(stretch, last), False
        if position == size:
            return position, False
        stretch = match_stretch(data, position)


def _find_head(stretch: re.Match[bytes], last: int) -> int:
    """Where the instruction at the end of a stretch begins."""
    return stretch.start(last if last == END_GROUP else last - 1) - _BEFORE_STREAM[last]


def _has_closed(streams: StreamTable, index: bytes) -> bool:
    return streams.state_of(index) is True and streams.close(index) is True


def _pass_blob(data: bytes, end: int, stretch: re.Match[bytes], last: int, streams: StreamTable) -> int:
    """The offset behind a blob whose data end at ``end``, and behind its stream if that ends too; -1 if it has to be
    judged."""
    if data[end] != _SEMICOLON:
        return -1
    element = stretch[last - 1]
    index = element[_BEFORE_INDEX:]
    ending = b"3.end,%b;" % element
    is_ended = data.startswith(ending, end + 1)
    if last == IMAGE_LENGTH_GROUP:
        (streams.pass_picture if is_ended else streams.open_picture)(index)
    elif not streams.is_unlimited(index):
        return -1
    elif is_ended:
        streams.close(index)
    return end + 1 + len(ending) * is_ended
