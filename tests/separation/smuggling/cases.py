"""Which cases there are: every combination of opcode, stream state, split, direction and grants, and of lengths."""

from collections.abc import Iterator
from enum import Enum, StrEnum
from itertools import product
from typing import Final

import msgspec


class Direction(StrEnum):
    INWARD = "browser to guacd"
    OUTWARD = "guacd to browser"


class State(Enum):
    """In which state of its stream the content is sent."""

    PLAIN = "opened, content, end"
    CONTENT_FIRST = "content and end before the opening"
    TWICE = "opened twice, content behind the end"
    LATE = "content behind the end"
    AFTER_REFUSAL = "opened again after the refusal and its end"
    OVER_CARRIER = "opened on the index of a stream that crosses"
    UNDER_CARRIER = "its index taken over by a stream that crosses, then ended"
    BESIDE_CARRIER = "interleaved with a stream that crosses"
    OTHER_SIDE = "on an index that the other side has open, with an acknowledgement"
    ACKNOWLEDGED = "its opener acknowledges its own stream with text"
    NO_END_OF_OTHERS = "ends streams that are not there, then sends content"
    BLOB_TOO_LONG = "content in a third argument of blob"
    BLOB_TOO_SHORT = "blob without content, then content"
    SHORT_OPENING = "the opening lacks its last argument"
    LONG_OPENING = "the opening has an argument too many"
    MANY = "on forty streams at once"
    BEHIND_GOODBYE = "behind a disconnect"
    TYPE_PDF = "called a PDF"
    TYPE_IMAGE = "called an image"
    TYPE_SOUND = "called sound"
    TYPE_FREE = "content in the type"
    INDEX_ZERO_FIRST = "index 07"
    INDEX_PLUS = "index +7"
    INDEX_SPACE = "index with a space"
    INDEX_WIDE = "index in full-width digits"
    INDEX_NEGATIVE = "index -7"
    INDEX_EMPTY = "index empty"
    INDEX_OF_GATEWAY = "index among the gateway's own"
    INDEX_HUGE = "index beyond 64 bits"
    INDEX_TEXT = "content in the index"


class Form(Enum):
    """What is wrong with one length."""

    SHORT_BY_ONE = "one too short"
    LONG_BY_ONE = "one too long"
    ZERO = "zero"
    LEADING_ZERO = "with a leading zero"
    BYTES = "bytes instead of code points"
    UTF16 = "UTF-16 units instead of code points"
    NEGATIVE = "negative"
    SIGNED = "with a plus"
    HUGE = "over every limit"
    MISSING = "missing"
    HEXADECIMAL = "hexadecimal"
    SPACED = "with a space"
    INJECTED = "right, the value holds whole instructions"
    INJECTED_SHORT = "ends before instructions in the value"
    BROKEN_UTF8 = "right, the value is not UTF-8"
    ZERO_BYTE = "right, the value holds a zero byte"


class Split(Enum):
    """How the bytes are cut into messages or reads."""

    TOGETHER = "all at once"
    EACH = "one by one"
    PAIRS = "two at a time"
    IN_OPCODE = "cut in the opcode"
    IN_LENGTH = "cut in a length"
    IN_VALUE = "cut in a value, inside of a character if there is a long one"
    BEFORE_END = "cut before the semicolon"
    BYTES = "byte by byte"


class Part(Enum):
    """Whose length is wrong."""

    OPCODE = "the opening's opcode"
    INDEX = "the opening's index"
    LAST = "the opening's last argument"
    CONTENT = "the content"


OPCODES: Final = (
    "clipboard", "file", "audio", "pipe", "argv", "put", "get", "img", "body", "video", "filesystem", "undefine",
    "nest", "name", "log", "msg", "png", "jpeg", "set", "ack", "required", "error", "args", "smuggle", "Clipboard", "",
)  # fmt: skip
_SINGLE: Final = (
    "clipboard_in", "clipboard_out", "file_in", "file_out", "print_out", "audio_out", "microphone",
)  # fmt: skip
INWARD_GRANTS: Final = frozenset({"clipboard_in", "file_in", "microphone"})
OUTWARD_GRANTS: Final = frozenset({"clipboard_out", "file_out", "print_out", "audio_out"})
GRANT_SETS: Final = (
    frozenset[str](),
    *(frozenset({name}) for name in _SINGLE),
    INWARD_GRANTS,
    OUTWARD_GRANTS,
    frozenset(_SINGLE),
    frozenset({*_SINGLE, "read_only"}),
)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. ``form`` and ``part`` are set together. ``is_drawn``: the first frame is already there."""

    direction: Direction
    opcode: str
    state: State
    split: Split
    granted: frozenset[str]
    form: Form | None = None
    part: Part | None = None
    is_drawn: bool = True

    def describe(self) -> str:
        wrong = f", length of {self.part.value} {self.form.value}" if self.form and self.part else ""
        return (
            f"{self.direction.value}: {self.opcode!r} {self.state.value}, {self.split.value}{wrong},"
            f" granted {sorted(self.granted)}, {'after' if self.is_drawn else 'before'} the first frame"
        )


def all_cases() -> Iterator[Case]:
    """Every case once. The first frame is there in every second one."""
    number = 0
    for direction, opcode, state, granted, split in product(Direction, OPCODES, State, GRANT_SETS, Split):
        number += 1
        yield Case(
            direction=direction, opcode=opcode, state=state, split=split, granted=granted, is_drawn=number % 3 > 0
        )
    wrong_grants = (frozenset[str](), INWARD_GRANTS, OUTWARD_GRANTS)
    splits = (Split.TOGETHER, Split.EACH, Split.BYTES)
    for direction, opcode, form, part, granted, split in product(Direction, OPCODES, Form, Part, wrong_grants, splits):
        number += 1
        yield Case(
            direction=direction, opcode=opcode, state=State.PLAIN, split=split, granted=granted, form=form,
            part=part, is_drawn=number % 3 > 0,
        )  # fmt: skip


def choose(count: int) -> list[Case]:
    """``count`` cases spread evenly over all of them, always the same ones; all when there are no more."""
    cases = list(all_cases())
    if count >= len(cases):
        return cases
    # a step that shares no factor with the sizes of the tables meets every value of each
    step = len(cases) / count
    return [cases[int(place * step)] for place in range(count)]
