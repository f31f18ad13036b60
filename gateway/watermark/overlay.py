"""The watermark of one attachment: drawn at every size, and checked against what the browser acknowledges. Pure.

A browser acknowledges every blob as it reads it, and every frame once it is rendered. One that has acknowledged
a frame behind the tile, but not the tile, has let it fall. A client that is made to deceive can acknowledge what
it does not show: that can't be seen from here.
"""

from collections.abc import Callable
from typing import Final

from gateway.watermark.instructions import STREAM, count_blobs, cover_picture, remove_cover, send_tile
from gateway.watermark.tile import Tile

STREAM_INDEX: Final = STREAM.encode("ascii")
_PLAIN_STATUS: Final = b"0"


class Overlay:
    """Times are of the loop's clock, in seconds; frames are guacd's timestamps.

    The tile is sent once, so that a guacd which sends sizes without end gets little for each of them.
    """

    __slots__ = (
        "_awaited",
        "_cover",
        "_drawn_s",
        "_frame",
        "_newest",
        "_noticed_s",
        "_tile",
        "is_missed",
        "is_shown",
        "on_missed",
    )

    def __init__(self, tile: Tile) -> None:
        self.is_shown = False
        """It was drawn at least once."""
        self.is_missed = False
        """The browser has let it fall, by its own word or by its silence."""
        self.on_missed: Callable[[], None] = lambda: None
        """Called when that is noticed, once."""
        self._tile = tile
        self._cover = b""
        self._drawn_s: float | None = None
        self._awaited = 0
        self._frame: int | None = None
        self._newest = -1
        self._noticed_s: float | None = None

    def draw(self, width_px: int, height_px: int) -> bytes:
        """What is to follow a ``size`` of the whole picture."""
        self._cover = cover_picture(width_px, height_px)
        if self.is_shown:
            return self._cover
        self.is_shown = True
        self._awaited = count_blobs(self._tile)
        return send_tile(self._tile) + self._cover

    def draw_again(self, now_s: float, interval_s: float) -> bytes:
        """A fresh layer, if the last one is so old: what somebody did to it in the page is undone."""
        if not self.is_shown:
            return b""
        if self._drawn_s is not None and now_s - self._drawn_s < interval_s:
            return b""
        is_first = self._drawn_s is None
        self._drawn_s = now_s
        return b"" if is_first else remove_cover() + self._cover

    def note_frame(self, timestamp: int) -> None:
        """guacd ended a frame. One that repeats a timestamp proves nothing of what came before it."""
        if self._frame is not None:
            return
        if self.is_shown and timestamp > self._newest:
            self._frame = timestamp
        self._newest = max(self._newest, timestamp)

    @property
    def has_frame(self) -> bool:
        """A frame is known by which the tile must have been acknowledged: later ones need not be noted."""
        return self._frame is not None

    def take_ack(self, status: bytes) -> bool:
        """The browser's acknowledgement of one blob. False when none is awaited."""
        if not self._awaited:
            return False
        self._awaited -= 1
        if status != _PLAIN_STATUS:
            self._miss()
        return True

    @property
    def is_taken(self) -> bool:
        """The browser has acknowledged all of the tile: what it says of later frames proves nothing more."""
        return self.is_shown and not self._awaited

    def note_rendered(self, timestamp: int) -> None:
        """The browser acknowledged a frame: the tile before it must have been acknowledged too."""
        if self._awaited and self._frame is not None and timestamp >= self._frame:
            self._miss()

    def note_time(self, now_s: float, patience_s: float) -> None:
        """A tile that nothing was heard of for so long was let fall."""
        if not self._awaited:
            return
        if self._noticed_s is None:
            self._noticed_s = now_s
        elif now_s - self._noticed_s >= patience_s:
            self._miss()

    def _miss(self) -> None:
        if not self.is_missed:
            self.is_missed = True
            self.on_missed()
