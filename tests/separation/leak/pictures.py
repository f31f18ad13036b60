"""Images that a browser kept: is one of them the desktop's picture, whole, scaled, or a part of it?"""

import io
import re
import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Grey = NDArray[np.float64]
Picture = NDArray[np.uint8]

ICON_PX: Final = 64
"""A part of the picture no larger than this on its longer side tells nothing."""
_LIKENESS: Final = 0.8
_SAMENESS: Final = 0.9
_SMALL: Final = (96, 60)
_COARSE: Final = 4
_DETAIL: Final = (48, 160)
_DETAILS: Final = 2
_STROKE: Final = 40.0
_LEAST_SIDE_PX: Final = 8
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
        image = Image.fromarray(picture)
        self._grey = _to_grey(image)
        self._small = _shrink(image)
        self._details = _find_details(self._grey)
        height, width = self._grey.shape
        quarter = _to_grey(image.resize((width // _COARSE, height // _COARSE), Image.Resampling.BOX))
        rows, columns = quarter.shape
        self._heart = quarter[rows // 7 : -rows // 7, columns // 10 : -columns // 10]
        self._judged: dict[tuple[tuple[int, int], int], bool] = {}
        self.runs = dict(_runs_of_pixels(picture))
        """Pixels in a row as they stand in memory, by their order of colours."""

    def resembles(self, image: Image.Image) -> bool:
        """The whole picture at any size, also within a page that is as wide, or a part of it at its own size."""
        key = (image.size, hash(image.tobytes()))
        if key not in self._judged:
            self._judged[key] = (
                _correlate(self._small, _shrink(image)) > _LIKENESS
                or self._contains(image)
                or self._is_within(image)
                or self._is_scaled_within(image)
            )
        return self._judged[key]

    def _contains(self, image: Image.Image) -> bool:
        part = _to_grey(image)
        height, width = self._grey.shape
        part = part[: min(height, part.shape[0]), : min(width, part.shape[1])]
        if min(part.shape) < _LEAST_SIDE_PX or part.std() < _FLAT:
            return False
        return _best_match(self._grey, part) > _SAMENESS

    def _is_within(self, image: Image.Image) -> bool:
        whole = _to_grey(image)
        return any(_best_match(whole, detail) > _SAMENESS for detail in self._details)

    def _is_scaled_within(self, image: Image.Image) -> bool:
        width = self._grey.shape[1] // _COARSE
        height = max(1, round(image.height * width / image.width))
        return _best_match(_to_grey(image.resize((width, height), Image.Resampling.BOX)), self._heart) > _LIKENESS


def _find_details(grey: Grey) -> list[Grey]:
    """The pieces with the most strokes in them: text. Edges of windows look alike on every desktop."""
    height, width = _DETAIL
    strokes = np.abs(np.diff(grey, axis=1)) > _STROKE
    pieces = [
        (int(strokes[top : top + height, left : left + width].sum()), top, left)
        for top in range(0, grey.shape[0] - height + 1, height // 2)
        for left in range(0, grey.shape[1] - width + 1, width // 2)
    ]
    best = sorted(pieces, reverse=True)[:_DETAILS]
    return [grey[top : top + height, left : left + width] for count, top, left in best if count]


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
    return np.asarray(image.convert("L"), dtype=np.float64)


def _shrink(image: Image.Image) -> Grey:
    return _to_grey(image.convert("L").resize(_SMALL, Image.Resampling.BOX))


def _correlate(one: Grey, other: Grey) -> float:
    if one.std() < _FLAT or other.std() < _FLAT:
        return 0.0
    return float(((one - one.mean()) * (other - other.mean())).mean() / (one.std() * other.std()))


def _best_match(whole: Grey, part: Grey) -> float:
    """The highest normalised cross-correlation of ``part`` with any place of ``whole``.

    The products come from a Fourier transform (circular, but what lies inside never wraps), the sums from tables.
    """
    if whole.shape[0] < part.shape[0] or whole.shape[1] < part.shape[1]:
        return 0.0
    centred = part - part.mean()
    shape = (_even(whole.shape[0]), _even(whole.shape[1]))
    spectrum = np.fft.rfft2(whole, shape) * np.conj(np.fft.rfft2(centred, shape))
    sums, squares = _window_sums(whole, part.shape), _window_sums(whole**2, part.shape)
    product = np.fft.irfft2(spectrum, shape)[: sums.shape[0], : sums.shape[1]]
    variance = np.maximum(squares - sums**2 / part.size, part.size * _FLAT**2)
    return float((product / np.sqrt(variance)).max() / np.sqrt((centred**2).sum()))


def _window_sums(values: Grey, shape: tuple[int, ...]) -> Grey:
    """The sum of every window of this shape, by a table of sums."""
    table = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    height, width = shape
    sums: Grey = table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]
    return sums


def _even(size: int) -> int:
    """The next multiple of 64, which transforms fast."""
    return -(-size // 64) * 64
