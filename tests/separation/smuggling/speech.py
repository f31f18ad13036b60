"""From a case to the bytes that its hostile side sends."""

import base64
from collections.abc import Sequence
from typing import Final

from tests.separation.smuggling.cases import Case, Direction, Form, Part, Split, State

CANARY: Final = "SMUGGLED密輸𠮷"
CONTENT: Final = base64.b64encode(CANARY.encode()).decode()
WORD: Final = "smuggled"
NEUTRAL: Final = base64.b64encode(b"nothing of note").decode()
NEEDLES: Final = (b"smuggled", CONTENT[:11].lower().encode(), "密輸".encode())
"""Any of these in what crossed, in lower case, is content of the hostile side."""

INDEX: Final = "7"
_BESIDE: Final = "8"
_MANY: Final = 40
_PLAIN_TYPES: Final = {
    "img": "image/png",
    "audio": "audio/L16;rate=44100,channels=2",
    "video": "video/webm",
    "file": "application/octet-stream",
}
_TYPES: Final = {
    State.TYPE_PDF: "application/pdf",
    State.TYPE_IMAGE: "image/png",
    State.TYPE_SOUND: "audio/L16;rate=44100,channels=2",
    State.TYPE_FREE: f"text/{WORD}",
}
_INDICES: Final = {
    State.INDEX_ZERO_FIRST: "07",
    State.INDEX_PLUS: "+7",
    State.INDEX_SPACE: " 7",
    State.INDEX_WIDE: "７",
    State.INDEX_NEGATIVE: "-7",
    State.INDEX_EMPTY: "",
    State.INDEX_OF_GATEWAY: "9000001",
    State.INDEX_HUGE: "18446744073709551623",
    State.INDEX_TEXT: WORD,
}

Spoken = list[str]


def opening(opcode: str, index: str, mimetype: str) -> Spoken:
    """The instruction as its releases write it, with content wherever text is free."""
    shapes: dict[str, Spoken] = {
        "clipboard": [index, mimetype],
        "file": [index, mimetype, CANARY],
        "audio": [index, mimetype],
        "pipe": [index, mimetype, CANARY],
        "argv": [index, mimetype, CANARY],
        "put": ["0", index, mimetype, CANARY],
        "get": [index, CANARY],
        "img": [index, "14", "0", mimetype, "0", "0"],
        "body": ["0", index, mimetype, CANARY],
        "video": [index, "0", mimetype],
        "filesystem": [index, CANARY],
        "undefine": [index],
        "nest": [index, CANARY],
        "name": [CANARY],
        "log": [CANARY],
        "msg": ["1", CANARY],
        "png": ["14", index, "0", "0", CONTENT],
        "jpeg": ["14", index, "0", "0", CONTENT],
        "set": [index, WORD, "1"],
        "ack": [index, WORD, "0"],
        "required": [CANARY],
        "error": [CANARY, "512"],
        "args": [CANARY],
        "smuggle": [index, CANARY],
        "Clipboard": [index, mimetype],
        "": [CANARY],
    }
    return [opcode, *shapes[opcode]]


def carrier(direction: Direction, index: str) -> Spoken:
    """A stream that crosses (inward only where the clipboard is granted)."""
    if direction is Direction.OUTWARD:
        return ["img", index, "14", "0", "image/png", "0", "0"]
    return ["clipboard", index, "text/plain"]


def say(case: Case) -> list[Spoken]:
    """What the hostile side says, as elements, before any length is falsified."""
    index = _INDICES.get(case.state, INDEX)
    mimetype = _TYPES.get(case.state) or _PLAIN_TYPES.get(case.opcode, "text/plain")
    start = opening(case.opcode, index, mimetype)
    content, end = ["blob", index, CONTENT], ["end", index]
    helping, neutral = carrier(case.direction, index), ["blob", index, NEUTRAL]
    beside = ["blob", _BESIDE, NEUTRAL]
    answers = [["ack", index, WORD, "0"], content, ["ack", index, CANARY, "0"], content, end]
    orders: dict[State, list[Spoken]] = {
        State.CONTENT_FIRST: [content, end, start, content],
        State.TWICE: [start, start, content, end, content],
        State.LATE: [start, content, end, content, content],
        State.AFTER_REFUSAL: [start, end, start, content, end],
        State.OVER_CARRIER: [helping, neutral, start, content, end, content],
        State.UNDER_CARRIER: [start, helping, neutral, end, content, start, content],
        State.BESIDE_CARRIER: [
            carrier(case.direction, _BESIDE), start, beside, content, beside, content, ["end", _BESIDE], end,
        ],
        State.OTHER_SIDE: [start, *answers],
        State.ACKNOWLEDGED: [start, *answers],
        State.NO_END_OF_OTHERS: [start, ["end", _BESIDE], content, ["end", "0"], content],
        State.BLOB_TOO_LONG: [start, ["blob", index, NEUTRAL, CONTENT], content],
        State.BLOB_TOO_SHORT: [start, ["blob", index], content, ["blob"], content],
        State.SHORT_OPENING: [start[:-1], content, end],
        State.LONG_OPENING: [[*start, CANARY], content, end],
        State.MANY: _open_many(case.opcode, mimetype) if case.state is State.MANY else [],
        State.BEHIND_GOODBYE: [["disconnect"], start, content, end],
    }  # fmt: skip
    return orders.get(case.state, [start, content, end])


def _open_many(opcode: str, mimetype: str) -> list[Spoken]:
    starts = [opening(opcode, str(place), mimetype) for place in range(_MANY)]
    return [*starts, *(["blob", str(place), CONTENT] for place in range(_MANY))]


def write(case: Case) -> list[bytes]:
    """The same as bytes, one item for each instruction, with the falsified length if the case has one."""
    spoken = say(case)
    if case.form is None:
        return [encode(elements) for elements in spoken]
    start, content, *rest = spoken
    if case.part is Part.CONTENT:
        lines = [encode(start), encode([*content[:2], CANARY], 2, case.form)]
    else:
        places = {Part.OPCODE: 0, Part.INDEX: min(1, len(start) - 1), Part.LAST: len(start) - 1}
        lines = [encode(start, places[case.part or Part.LAST], case.form), encode(content)]
    return [*lines, *map(encode, rest)]


def encode(elements: Sequence[str], wrong_at: int = -1, form: Form | None = None) -> bytes:
    written = [
        falsify(value, form) if place == wrong_at and form is not None else f"{len(value)}.{value}".encode()
        for place, value in enumerate(elements)
    ]
    return b",".join(written) + b";"


def falsify(value: str, form: Form) -> bytes:
    """One element whose length is wrong, or whose value wants to be read as instructions."""
    size = len(value)
    inner = f"9.clipboard,1.{INDEX},10.text/plain;4.blob,1.{INDEX},{len(CONTENT)}.{CONTENT};"
    whole = f"{value};{inner}"
    lengths = {
        Form.SHORT_BY_ONE: str(max(size - 1, 0)),
        Form.LONG_BY_ONE: str(size + 1),
        Form.ZERO: "0",
        Form.LEADING_ZERO: f"0{size}",
        Form.BYTES: str(len(value.encode())),
        Form.UTF16: str(len(value.encode("utf-16-le")) // 2),
        Form.NEGATIVE: f"-{size}",
        Form.SIGNED: f"+{size}",
        Form.HUGE: "99999999999",
        Form.MISSING: "",
        Form.HEXADECIMAL: f"{size:#x}",
        Form.SPACED: f" {size}",
    }
    match form:
        case Form.INJECTED:
            return f"{len(whole)}.{whole}".encode()
        case Form.INJECTED_SHORT:
            return f"{size}.{whole}".encode()
        case Form.BROKEN_UTF8:
            return f"{size + 1}.{value}".encode() + b"\xed\xa0\x80"
        case Form.ZERO_BYTE:
            return f"{size + 1}.{value}\0".encode()
        case _:
            return f"{lengths[form]}.{value}".encode()


def cut(instructions: Sequence[bytes], split: Split) -> list[bytes]:
    """The bytes in the portions in which they are sent."""
    everything = b"".join(instructions)
    match split:
        case Split.TOGETHER:
            return [everything]
        case Split.EACH:
            return list(instructions)
        case Split.PAIRS:
            return [b"".join(instructions[place : place + 2]) for place in range(0, len(instructions), 2)]
        case Split.BYTES:
            return [everything[place : place + 1] for place in range(len(everything))]
        case _:
            return [piece for line in instructions for piece in _cut_one(line, split)]


def _cut_one(line: bytes, split: Split) -> tuple[bytes, bytes]:
    match split:
        case Split.IN_OPCODE:
            place = min(3, len(line) - 1)
        case Split.IN_LENGTH:
            place = max(line.rfind(b",") + 1, 0)
            place += line[place : place + 2].isdigit()
        case Split.BEFORE_END:
            place = len(line) - 1
        case _:
            wide = next((at for at, value in enumerate(line) if value >= 0x80), None)
            place = len(line) - 4 if wide is None else wide + 1
    place = min(max(place, 1), len(line) - 1)
    return line[:place], line[place:]
