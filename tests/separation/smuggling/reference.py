"""The oracle: what reached the other side, read by a parser of its own, and whether any of it was not granted.

Nothing here comes from the gateway. The lists are written anew from the protocol's reference manual, so that a
slip in the gateway's tables shows as a difference. Two readings must agree: by code points, and as guacd's own
C parser counts (a lead byte tells how many bytes follow), so that both ends see the same instructions.
"""

import re
from collections.abc import Sequence
from typing import Final

INPUT_SHAPES: Final = {"key": 2, "mouse": 3, "touch": 7, "size": 2, "nop": 0, "disconnect": 0}
PICTURE: Final = frozenset(
    {
        "arc", "cfill", "clip", "close", "copy", "cstroke", "cursor", "curve", "dispose", "distort", "identity",
        "lfill", "line", "lstroke", "mouse", "move", "nop", "pop", "push", "rect", "reset", "shade", "size",
        "start", "transfer", "transform",
    }
)  # fmt: skip
LAYER_PROPERTIES: Final = frozenset({"miter-limit", "multi-touch"})
PLAIN_WORDS: Final = frozenset({"OK", "NOTED", "BLOCKED", "FAILED", "TAKEN"})
OWN_WORDS: Final = frozenset({"BLOCKED", "TAKEN"})
"""Of acknowledgements that the gateway itself gives to whoever opened the stream."""
CLIPBOARD_BYTES: Final = 262_144
GATEWAY_WORDS: Final = {
    # what the gateway itself tells the page: numbers, and words of closed sets
    "ping": frozenset[str](),
    "grants": frozenset({"clipboard_in", "clipboard_out", "cover"}),
    "ends": frozenset({"absolute_limit", "hours_ended", "unsupervised"}),
    "idle": frozenset[str](),
    "active": frozenset[str](),
    "clipboard": frozenset({"in", "out", "passed", "too_long", "not_text", "not_carried", "too_often"}),
}

_number: Final = re.compile(r"-?[0-9]{0,20}(\.[0-9]{0,20})?(e[+-]?[0-9]{1,3})?")
_index: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_clean_type: Final = re.compile(r"[a-zA-Z0-9.+-]+/[a-zA-Z0-9.+;=, -]+")


class NotAnInstruction(Exception):
    """The bytes are not whole instructions."""


def read_by_code_points(data: bytes) -> list[list[str]]:
    """All instructions. Raises :class:`NotAnInstruction` unless ``data`` is nothing but whole instructions."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotAnInstruction("not UTF-8") from error
    found: list[list[str]] = []
    elements: list[str] = []
    place = 0
    while place < len(text):
        dot = text.find(".", place, place + 6)
        digits = text[place:dot]
        if dot < 0 or not (digits.isascii() and digits.isdigit()) or (len(digits) > 1 and digits[0] == "0"):
            raise NotAnInstruction(f"no length at {text[place : place + 8]!r}")
        end = dot + 1 + int(digits)
        terminator = text[end : end + 1]
        if terminator not in (",", ";") or not terminator:
            raise NotAnInstruction("the value does not end where its length says")
        elements.append(text[dot + 1 : end])
        if terminator == ";":
            found.append(elements)
            elements = []
        place = end + 1
    if elements:
        raise NotAnInstruction("cut short")
    return found


def read_as_guacd_counts(data: bytes) -> list[list[str]]:
    """The same by lead bytes, digits first, as ``guac_parser_append`` reads."""
    found: list[list[str]] = []
    elements: list[str] = []
    place = 0
    while place < len(data):
        length = 0
        while data[place : place + 1].isdigit():
            length = length * 10 + data[place] - 0x30
            place += 1
        if data[place : place + 1] != b".":
            raise NotAnInstruction("no dot behind a length")
        begin = place = place + 1
        for _ in range(length):
            place += _bytes_of_character(data[place : place + 1])
        elements.append(data[begin:place].decode(errors="replace"))
        terminator = data[place : place + 1]
        if terminator not in (b",", b";"):
            raise NotAnInstruction("no terminator")
        if terminator == b";":
            found.append(elements)
            elements = []
        place += 1
    if elements:
        raise NotAnInstruction("cut short")
    return found


def _bytes_of_character(lead: bytes) -> int:
    if not lead:
        raise NotAnInstruction("a value is cut short")
    for mask, bits, size in ((0x80, 0x00, 1), (0xE0, 0xC0, 2), (0xF0, 0xE0, 3), (0xF8, 0xF0, 4)):
        if lead[0] & mask == bits:
            return size
    raise NotAnInstruction("no lead byte")


class Judge:
    """Judges what one side received. ``granted`` are names of grants; ``is_inward`` is browser → guacd."""

    def __init__(self, granted: frozenset[str], *, is_inward: bool) -> None:
        self.finds: list[str] = []
        self.instructions: list[list[str]] = []
        self.content: dict[str, str] = {}
        """What crossed in streams, by the opcode that had opened them."""
        self.opened: set[str] = set()
        self._granted = granted
        self._is_inward = is_inward
        self._carriers: dict[str, str] = {}

    def read(self, data: bytes) -> None:
        """Parse and judge everything that arrived."""
        try:
            self.instructions = read_by_code_points(data)
            others = read_as_guacd_counts(data)
        except NotAnInstruction as fault:
            self.finds.append(f"broken framing crossed: {fault}")
            return
        if others != self.instructions:
            self.finds.append("two parsers read different instructions")
        for elements in self.instructions:
            self._judge(elements[0], elements[1:])

    def check_acknowledgements(self, other: "Judge") -> None:
        """An acknowledgement crosses only for a stream that the other side had opened."""
        for opcode, *rest in self.instructions:
            if opcode == "ack" and len(rest) == 3 and rest[1] not in OWN_WORDS and rest[0] not in other.opened:
                self.finds.append("an acknowledgement crossed for a stream that never did")

    def _judge(self, opcode: str, values: Sequence[str]) -> None:
        if opcode == "blob":
            self._judge_blob(values)
        elif opcode == "end":
            if len(values) != 1 or self._carriers.pop(values[0], None) is None:
                self.finds.append("the end of a stream crossed that had not")
        elif opcode == "ack":
            if len(values) != 3 or values[1] not in PLAIN_WORDS or not _are_numbers([values[0], values[2]]):
                self.finds.append("an acknowledgement crossed with text of its own")
        elif opcode == "sync":
            if len(values) not in (1, 2) or not _are_numbers(values):
                self.finds.append("a sync crossed that is none")
        elif not self._is_plain(opcode, values) and not self._opens(opcode, values):
            self.finds.append(f"{opcode[:20]!r} crossed")

    def _is_plain(self, opcode: str, values: Sequence[str]) -> bool:
        """Picture or input: numbers and nothing else."""
        if self._is_inward:
            return INPUT_SHAPES.get(opcode) == len(values) and _are_numbers(values)
        if opcode == "set":
            return len(values) == 3 and values[1] in LAYER_PROPERTIES and _are_numbers([values[0], values[2]])
        if opcode == "":
            return _is_gateways_word(values)
        return opcode in PICTURE and len(values) <= 9 and _are_numbers(values)

    def _opens(self, opcode: str, values: Sequence[str]) -> bool:
        """Whether it may open a stream; noted if so."""
        if opcode == "img" and not self._is_inward:
            is_right = len(values) == 6 and _are_numbers([*values[:3], *values[4:]])
            is_right = is_right and values[3] in {"image/png", "image/jpeg", "image/webp"}
        else:
            is_right = self._is_granted(opcode, values) and len(values) == (3 if opcode == "file" else 2)
        if not is_right or not _index.fullmatch(values[0]):
            return False
        self._carriers[values[0]] = opcode
        self.opened.add(values[0])
        return True

    def _is_granted(self, opcode: str, values: Sequence[str]) -> bool:
        may, kind = self._granted, values[1] if len(values) > 1 else ""
        if _clean_type.fullmatch(kind) is None:
            return False
        if self._is_inward:
            if "read_only" in may:
                return False
            return {
                "clipboard": "clipboard_in" in may and kind.startswith("text/plain"),
                "file": "file_in" in may,
                "audio": "microphone" in may and kind.startswith("audio/L"),
            }.get(opcode, False)
        return {
            "clipboard": "clipboard_out" in may and kind.startswith("text/plain"),
            "file": "file_out" in may or ("print_out" in may and kind == "application/pdf"),
            "audio": "audio_out" in may and kind.startswith("audio/L"),
        }.get(opcode, False)

    def _judge_blob(self, values: Sequence[str]) -> None:
        carrier = self._carriers.get(values[0]) if len(values) == 2 else None
        if carrier is None:
            self.finds.append("content crossed outside of any stream")
            return
        self.content[carrier] = self.content.get(carrier, "") + values[1]
        if carrier == "clipboard" and len(self.content[carrier]) > CLIPBOARD_BYTES:
            self.finds.append("more clipboard crossed than may")


def _is_gateways_word(values: Sequence[str]) -> bool:
    words = GATEWAY_WORDS.get(values[0]) if values else None
    return words is not None and all(value.isdigit() or value in words for value in values[1:])


def _are_numbers(values: Sequence[str]) -> bool:
    return all(_number.fullmatch(value) for value in values)
