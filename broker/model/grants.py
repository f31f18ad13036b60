"""What may cross besides the picture and the input. The default is nothing."""

from datetime import datetime
from typing import Annotated

import msgspec

from broker.model.kinds import Bandwidth
from broker.model.watermark import WatermarkStyle

ClipboardBytes = Annotated[int, msgspec.Meta(ge=1, le=262_144)]
"""guacd holds no more than the upper bound."""


ParkSeconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """Permissions and limits of one session. The gateway enforces them alone, without asking back.

    Limits are in seconds; ``ends_at`` is an aware time at which the session ends whatever happens.
    ``clipboard_max_bytes`` is the largest text (in UTF-8) that one copying may carry, in either direction.
    ``park_limit_s``: how long the desktop's connection is kept when the line is lost; 0: not at all.
    ``cover_unfocused``: the page covers the picture while its window does not have the focus.
    ``watermark_text`` demands a watermark: in a pool it is the template, in a connection the text to be drawn.
    """

    clipboard_in: bool = False
    clipboard_out: bool = False
    clipboard_max_bytes: ClipboardBytes = 65_536
    file_in: bool = False
    file_out: bool = False
    print_out: bool = False
    audio_out: bool = False
    microphone: bool = False
    read_only: bool = False
    cover_unfocused: bool = False
    recording: bool = False
    watermark_text: str | None = None
    watermark: WatermarkStyle = WatermarkStyle()
    bandwidth: Bandwidth = Bandwidth.NORMAL
    idle_limit_s: int = 1800
    absolute_limit_s: int = 43200
    park_limit_s: ParkSeconds = 300
    ends_at: datetime | None = None
