"""One case played against the relay, and what the oracle says about it."""

import msgspec

from tests.fakes.guacd import FIRST_FRAME
from tests.separation.smuggling.cases import Case, Direction, State
from tests.separation.smuggling.peers import Line
from tests.separation.smuggling.reference import Judge
from tests.separation.smuggling.speech import INDEX, NEEDLES, cut, encode, write

PROBE_INWARD = encode(["key", "65307", "1"])
PROBE_OUTWARD = encode(["cfill", "14", "0", "9", "9", "9", "9"])
_FLOOD_BYTES = 80_000


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``finds`` is empty when all was well. ``has_crossed``: the content did, because it was granted."""

    finds: list[str]
    has_crossed: bool
    has_ended: bool


def attempt(case: Case) -> tuple[Verdict, bytes]:
    """Play it. The verdict, and the bytes that were sent with where they were cut."""
    line = Line(case.granted)
    if case.is_drawn:
        line.from_guacd(FIRST_FRAME)
    prepare(case, line)
    chunks = cut(write(case), case.split)
    is_inward = case.direction is Direction.INWARD
    send = line.from_browser if is_inward else line.from_guacd
    for chunk in chunks:
        send(chunk)
    unanswered = _probe(line, is_inward=is_inward, is_read_only="read_only" in case.granted)
    return _judge(case, line, unanswered), b"\0".join(chunks)


def prepare(case: Case, line: Line) -> None:
    """What the other side has done before."""
    if case.state is not State.OTHER_SIDE:
        return
    if case.direction is Direction.INWARD:
        line.from_guacd(encode(["img", INDEX, "14", "0", "image/png", "0", "0"]))
    else:
        line.from_browser(encode(["clipboard", INDEX, "text/plain"]))


def _probe(line: Line, *, is_inward: bool, is_read_only: bool) -> list[str]:
    """Either the session goes on, or it has an end with a reason, behind which nothing crosses."""
    send, sink = (line.from_browser, line.guacd.received) if is_inward else (line.from_guacd, line.browser.received)
    probe = encode(["nop"]) if is_inward and is_read_only else PROBE_INWARD if is_inward else PROBE_OUTWARD
    send(probe)
    if line.end is None and not sink.endswith(probe):
        # a length that claims what follows: it must be resolved within the limits
        flood = probe * (_FLOOD_BYTES // len(probe))
        send(flood)
    if line.end is None:
        return [] if sink.endswith(probe) else ["the session neither went on nor ended"]
    before = len(sink)
    send(probe)
    return [] if len(sink) == before else ["something crossed behind the end"]


def _judge(case: Case, line: Line, finds: list[str]) -> Verdict:
    inward, outward = Judge(case.granted, is_inward=True), Judge(case.granted, is_inward=False)
    inward.read(bytes(line.guacd.received))
    outward.read(bytes(line.browser.received))
    inward.check_acknowledgements(outward)
    outward.check_acknowledgements(inward)
    crossed = False
    for judge in (inward, outward):
        finds += judge.finds
        for elements in judge.instructions:
            if not holds_canary(elements):
                continue
            crossed = True
            # free text is part of a granted file (its name, its type); content belongs to a stream that was granted
            if elements[0] not in {"blob", "file"}:
                finds.append(f"content crossed in {elements[0]!r}")
    return Verdict(finds=finds, has_crossed=crossed, has_ended=line.end is not None)


def holds_canary(elements: list[str]) -> bool:
    text = ",".join(elements).encode().lower()
    return any(needle in text for needle in NEEDLES)
