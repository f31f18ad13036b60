"""Regular expressions that are made from the tables.

An element is matched together with its length (``3.123``), so that a match is by itself a proof that the
framing is right. A stretch of listed instructions is skipped in one call. What a stretch leaves out is judged
instruction by instruction: a stretch may know fewer forms than the filters let through, never more.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.filters.opcodes import DRAWING_SHAPES

_DIGIT: Final = "[0-9]"
_LONGEST_WRITTEN_OUT: Final = 6


def _element_of_lengths(first: str, rest: str, longest: int) -> str:
    forms = [rf"1\.{_DIGIT}"]
    forms += [rf"{length}\.{first}{_repeat(rest, length - 1)}" for length in range(2, longest + 1)]
    return f"(?:{'|'.join(forms)})"


def _repeat(character: str, times: int) -> str:
    """Short ones are written out: a counted repetition costs the engine more than the few digits do."""
    return character * times if times < _LONGEST_WRITTEN_OUT else f"{character}{{{times}}}"


ELEMENT_FORMS: Final[Mapping[str, str]] = {
    "i": _element_of_lengths("[0-9-]", _DIGIT, 6),
    "z": _element_of_lengths("[0-9-]", _DIGIT, 10),
    "d": _element_of_lengths("[0-9.-]", "[0-9.e+-]", 24),
}
_STREAM: Final = _element_of_lengths("[1-9]", _DIGIT, 6)
_IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/webp")
_COMMON_FIRST: Final = ("copy", "rect", "cfill", "transfer", "move", "lfill")


def _instruction_form(opcode: str, shape: str) -> str:
    elements = "".join("," + ELEMENT_FORMS[kind] for kind in shape)
    return rf"{len(opcode)}\.{opcode}{elements};"


_LONGEST_RUN: Final = 500


def _run_form(shapes: Mapping[str, str]) -> str:
    """Up to 500 whole instructions of these shapes, possibly none.

    Alternatives exclude each other, so that there is nothing to backtrack into. Possessive repetition would say
    so, but in Python 3.11 a possessive group that fails half-way leaves the match inside an instruction.
    """
    opcodes = sorted(shapes, key=lambda opcode: opcode not in _COMMON_FIRST)
    forms = "|".join(_instruction_form(opcode, shapes[opcode]) for opcode in opcodes)
    return f"(?:{forms}){{0,{_LONGEST_RUN}}}"


_SYNC_FORM: Final = r"4\.sync,13\.([0-9]{13})(?:,1\.[0-9])?;"
"""The end of a frame as any guacd of our time writes it: milliseconds since 1970, and a count of frames since 1.6.0."""


def _picture_form() -> str:
    """A run of drawing and then the end of a frame, or an image up to the data of its first blob, or a blob up to
    its data, or the end of a stream, or nothing of these. The last group that took part says which.
    """
    number = ELEMENT_FORMS["i"]
    image_type = "|".join(rf"{len(name)}\.{name}" for name in _IMAGE_TYPES)
    length = r"([1-9][0-9]{0,3})\."
    tails = (
        _SYNC_FORM,
        rf"3\.img,({_STREAM}),{number},{number},(?:{image_type}),{number},{number};4\.blob,\2,{length}",
        rf"4\.blob,({_STREAM}),{length}",
        rf"3\.end,({_STREAM});",
        "",
    )
    return f"{_run_form(DRAWING_SHAPES)}(?:{'|'.join(tails)})"


FRAME_GROUP: Final = 1
IMAGE_LENGTH_GROUP: Final = 3
BLOB_LENGTH_GROUP: Final = 5
END_GROUP: Final = 6
"""Groups of :data:`picture_stretch`. Timestamps and lengths are captured as they are, streams (before a length) with
the length before them."""

picture_stretch: Final = re.compile(_picture_form().encode())
drawing_run: Final = re.compile(_run_form(DRAWING_SHAPES).encode())
input_run: Final = re.compile(_run_form({"mouse": "iii", "key": "zi"}).encode())

stream_index: Final = re.compile(rb"0|[1-9][0-9]{0,5}")
timestamp: Final = re.compile(rb"[0-9]{1,19}")
integer: Final = re.compile(rb"[0-9]{1,6}|-[0-9]{1,5}")
number: Final = re.compile(rb"-?[0-9]{1,10}")
fraction: Final = re.compile(rb"-?[0-9]{0,10}(?:\.[0-9]{0,20})?(?:e[+-]?[0-9]{1,3})?")

base64_text: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")

image_type: Final = re.compile("|".join(_IMAGE_TYPES).encode())
sound_type: Final = re.compile(rb"audio/L(?:8|16);rate=[0-9]{1,6},channels=[0-9]{1,2}")
text_type: Final = re.compile(rb"text/plain(?:;charset=utf-8)?")
any_type: Final = re.compile(rb"[A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64}")
