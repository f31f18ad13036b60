"""Images that a browser kept: is one of them the desktop's picture, whole, scaled, or a part of it?"""

import io
import re
import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Grey = NDArray[np.float32]
Picture = NDArray[np.uint8]

ICON_PX: Final = 64
"""A part of the picture no larger than this on its longer side tells nothing."""
_LIKENESS: Final = 0.8
_SMALL: Final = (96, 60)
_FLAT: Final = 3.0
_RUN_PX: Final = 48
_start: Final = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP|GIF8[79]a|BM....\0\0\0\0", re.DOTALL)


def images_in(data: bytes) -> Iterator[Image.Image]:
    """Every image that begins anywhere in ``data`` and is larger than an icon."""
    for match in _start.finditer(data):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = Image.open(io.BytesIO(data[match.start() :]))
                if max(image.size) <= ICON_PX:
                    continue
                yield image.convert("RGB")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue


class Original:
    """The desktop's picture, to which others are compared."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._grey = _to_grey(Image.fromarray(picture))
        self._small = _shrink(Image.fromarray(picture))
        self.runs = dict(_runs_of_pixels(picture))
        """Pixels in a row as they stand in memory, by their order of colours."""

    def resembles(self, image: Image.Image) -> bool:
        """The whole picture at any size, or a part of it at its own size."""
        return _correlate(self._small, _shrink(image)) > _LIKENESS or self._holds(image)

    def _holds(self, image: Image.Image) -> bool:
        part = _to_grey(image)
        height, width = self._grey.shape
        part = part[: min(height, part.shape[0]), : min(width, part.shape[1])]
        if min(part.shape) < 8 or part.std() < _FLAT:
            return False
        return _best_match(self._grey, part) > _LIKENESS + 0.1


def _runs_of_pixels(picture: Picture) -> Iterator[tuple[str, bytes]]:
    """From the row with the most change, a run without repetition."""
    change = np.abs(np.diff(picture.astype(np.int16), axis=1)).sum(axis=2) > 0
    sums = np.cumsum(change, axis=1)
    spans = sums[:, _RUN_PX:] - sums[:, :-_RUN_PX]
    row, column = np.unravel_index(int(spans.argmax()), spans.shape)
    run = picture[row, column : column + _RUN_PX]
    alpha = np.full((_RUN_PX, 1), 255, dtype=np.uint8)
    yield "rgb", run.tobytes()
    yield "bgr", run[:, ::-1].tobytes()
    yield "rgba", np.hstack([run, alpha]).tobytes()
    yield "bgra", np.hstack([run[:, ::-1], alpha]).tobytes()


def _to_grey(image: Image.Image) -> Grey:
    return np.asarray(image.convert("L"), dtype=np.float32)


def _shrink(image: Image.Image) -> Grey:
    return _to_grey(image.convert("L").resize(_SMALL, Image.Resampling.BOX))


def _correlate(one: Grey, other: Grey) -> float:
    if one.std() < _FLAT or other.std() < _FLAT:
        return 0.0
    return float(((one - one.mean()) * (other - other.mean())).mean() / (one.std() * other.std()))


def _best_match(whole: Grey, part: Grey) -> float:
    """The highest normalised cross-correlation of ``part`` with any place of ``whole`` (by FFT)."""
    shape = (whole.shape[0] + part.shape[0], whole.shape[1] + part.shape[1])
    centred = part - part.mean()
    spectrum = np.fft.rfft2(whole, shape)
    product = np.fft.irfft2(spectrum * np.conj(np.fft.rfft2(centred, shape)), shape)
    ones = np.conj(np.fft.rfft2(np.ones_like(part), shape))
    sums = np.fft.irfft2(spectrum * ones, shape)
    squares = np.fft.irfft2(np.fft.rfft2(whole.astype(np.float64) ** 2, shape) * ones, shape)
    rows, columns = whole.shape[0] - part.shape[0] + 1, whole.shape[1] - part.shape[1] + 1
    variance = np.maximum(squares - sums**2 / part.size, part.size * _FLAT**2)[:rows, :columns]
    scores = product[:rows, :columns] / (np.sqrt(variance) * np.sqrt(float((centred**2).sum())))
    return float(scores.max())
