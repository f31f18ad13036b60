"""Tiles for all sessions of a gateway: drawn in a thread, one at a time, kept for those that come back."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from broker.model.watermark import WatermarkStyle
from gateway.watermark.fonts import Font, NoFont
from gateway.watermark.tile import NotDrawn, Tile, render_tile

MAX_TILES: Final = 512

_log: Final = structlog.get_logger(__name__)


class TilePress:
    """Renders off the event loop. Without a font every tile is refused, with the reason."""

    def __init__(self, font: Font | NoFont) -> None:
        self._font = font
        self._tiles: OrderedDict[tuple[str, WatermarkStyle], Tile] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "watermark")

    async def make(self, text: str, style: WatermarkStyle) -> Tile | NotDrawn:
        """The tile for a text. A failure is not kept: the next attempt draws again."""
        known = self._tiles.get((text, style))
        if known is not None:
            self._tiles.move_to_end((text, style))
            return known
        drawn = await self._draw(text, style)
        match drawn:
            case Tile():
                self._tiles[text, style] = drawn
                if len(self._tiles) > MAX_TILES:
                    self._tiles.popitem(last=False)
            case NotDrawn(why=why):
                _log.error("watermark.not_drawn", why=why)
        return drawn

    async def _draw(self, text: str, style: WatermarkStyle) -> Tile | NotDrawn:
        match self._font:
            case NoFont(why=why):
                return NotDrawn(why)
            case Font() as font:
                return await asyncio.get_running_loop().run_in_executor(self._thread, render_tile, text, style, font)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
