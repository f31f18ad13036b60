"""Regular expressions that are made from the tables.

An element is matched together with its length (``3.123``), so that a match is by itself a proof that the
framing is right. A run of listed instructions is skipped in one call.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.filters.opcodes import DRAWING_SHAPES

_DIGIT: Final = "[0-9]"


def _element_of_lengths(first: str, rest: str, longest: int) -> str:
    forms = [rf"1\.{_DIGIT}"]
    forms += [rf"{length}\.{first}{rest}{{{length - 1}}}" for length in range(2, longest + 1)]
    return f"(?:{'|'.join(forms)})"


ELEMENT_FORMS: Final[Mapping[str, str]] = {
    "i": _element_of_lengths("[0-9-]", _DIGIT, 6),
    "z": _element_of_lengths("[0-9-]", _DIGIT, 10),
    "d": _element_of_lengths("[0-9.-]", "[0-9.e+-]", 24),
}


def _instruction_form(opcode: str, shape: str) -> str:
    elements = "".join("," + ELEMENT_FORMS[kind] for kind in shape)
    return rf"{len(opcode)}\.{opcode}{elements};"


_LONGEST_RUN: Final = 500


def compile_run(shapes: Mapping[str, str]) -> re.Pattern[bytes]:
    """Matches up to 500 whole instructions of these shapes, possibly none.

    Alternatives exclude each other, so that there is nothing to backtrack into. Possessive repetition would say
    so, but in Python 3.11 a possessive group that fails half-way leaves the match inside an instruction.
    """
    forms = "|".join(_instruction_form(opcode, shape) for opcode, shape in shapes.items())
    return re.compile(f"(?:{forms}){{0,{_LONGEST_RUN}}}".encode())


drawing_run: Final = compile_run(DRAWING_SHAPES)
input_run: Final = compile_run({"mouse": "iii", "key": "zi"})

stream_index: Final = re.compile(rb"0|[1-9][0-9]{0,5}")
timestamp: Final = re.compile(rb"[0-9]{1,19}")
integer: Final = re.compile(rb"[0-9]{1,6}|-[0-9]{1,5}")
number: Final = re.compile(rb"-?[0-9]{1,10}")
fraction: Final = re.compile(rb"-?[0-9]{0,10}(?:\.[0-9]{0,20})?(?:e[+-]?[0-9]{1,3})?")

base64_text: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")

image_type: Final = re.compile(rb"image/(?:png|jpeg|webp)")
sound_type: Final = re.compile(rb"audio/L(?:8|16);rate=[0-9]{1,6},channels=[0-9]{1,2}")
text_type: Final = re.compile(rb"text/plain(?:;charset=utf-8)?")
any_type: Final = re.compile(rb"[A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64}")
