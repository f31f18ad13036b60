"""What desktops show: frames for the source, behind their lengths."""

import random
import struct
from pathlib import Path
from typing import Final

import msgspec

from bench.office import make_frames, show_image

FRAMES_PER_S: Final = 30
_IMAGES_OF_VIDEO: Final = 40
_FRAMES_OF_VIDEO: Final = 30


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """``fps`` 0: as fast as the relay takes it."""

    name: str
    fps: int
    frames: tuple[bytes, ...]

    def write(self, folder: Path) -> Path:
        """The file that the source reads."""
        path = folder / f"{self.name}.frames"
        path.write_bytes(b"".join(struct.pack("=I", len(frame)) + frame for frame in self.frames))
        return path


def make_profiles() -> dict[str, Profile]:
    """``office``: small drawing, and two images of 6 KB in every third frame. ``video``: 40 such images in each.
    ``flood``: the office's frames without a pause."""
    office = tuple(make_frames())
    video = tuple(_make_video_frames())
    return {
        "office": Profile(name="office", fps=FRAMES_PER_S, frames=office),
        "video": Profile(name="video", fps=FRAMES_PER_S, frames=video),
        "flood": Profile(name="flood", fps=0, frames=office),
    }


def _make_video_frames(seed: int = 2) -> list[bytes]:
    source = random.Random(seed)
    return [
        b"".join(show_image(source, str(1 + number % 8)) for number in range(_IMAGES_OF_VIDEO))
        for _ in range(_FRAMES_OF_VIDEO)
    ]
