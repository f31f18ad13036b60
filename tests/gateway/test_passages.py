"""A text that crosses is told of by length and digest, before it does; a flood of texts is not."""

import base64
import hashlib

import pytest

from broker.model.kinds import DesktopProtocol
from broker.wire.messages import EventKind, GatewayEvent
from gateway.filters.clipboard import Outcome, Passage, Way
from gateway.passages import Passages, describe
from gateway.protocol import encode_instruction
from tests.fakes.waiting import until
from tests.gateway.conftest import Site, change_grants

TEXT = "起案CANARY番号１２３"
BLOB = base64.b64encode(TEXT.encode()).decode()


def stream(opcode: str = "clipboard") -> bytes:
    opening = encode_instruction(opcode, "3", "text/plain")
    return opening + encode_instruction("blob", "3", BLOB) + encode_instruction("end", "3")


def clipboard_events(site: Site) -> list[GatewayEvent]:
    return [event for event in site.broker.books.values() if event.kind is EventKind.CLIPBOARD]


async def test_a_granted_text_crosses_and_the_audit_has_its_length_and_digest_alone(site: Site) -> None:
    site.broker.acknowledges = False
    await site.start()
    grants = change_grants(clipboard_in=True, clipboard_out=True)
    async with site.session(**grants, parameters={"clipboard-encoding": "UTF-8"}) as browser:
        await browser.say(stream())
        await until(lambda: clipboard_events(site))
        visit = site.guacd.visits[0]
        await until(lambda: b"clipboard" in visit.opcodes())
        assert [one for one in visit.received if one[0] == b"blob"] == [[b"blob", b"3", BLOB.encode()]]
        visit.say(stream())
        await until(lambda: b"clipboard" in browser.opcodes())
        await until(lambda: len(clipboard_events(site)) == 2)
        digest = hashlib.sha256(TEXT.encode()).hexdigest()
        told = {"outcome": "passed", "bytes": str(len(TEXT.encode())), "characters": str(len(TEXT)), "sha256": digest}
        assert [event.detail for event in clipboard_events(site)] == [told | {"way": "in"}, told | {"way": "out"}]
        assert [b"", b"clipboard", b"in", b"passed"] in browser.instructions
        spooled = b"".join(path.read_bytes() for path in (site._folder / "spool").rglob("*") if path.is_file())
        assert digest.encode() in spooled
        assert TEXT.encode() not in spooled
        assert BLOB.encode() not in spooled


@pytest.mark.parametrize(
    "protocol, encoding, carried",
    [
        (DesktopProtocol.RDP, "", True),
        (DesktopProtocol.VNC, "UTF-8", True),
        (DesktopProtocol.VNC, "ISO8859-1", False),
        (DesktopProtocol.VNC, "", False),
    ],
)
async def test_what_would_arrive_as_other_signs_does_not_cross(
    site: Site, protocol: DesktopProtocol, encoding: str, carried: bool
) -> None:
    await site.start()
    parameters = {"clipboard-encoding": encoding}
    async with site.session(**change_grants(clipboard_in=True), protocol=protocol, parameters=parameters) as browser:
        await browser.say(stream())
        await until(lambda: clipboard_events(site))
        told = clipboard_events(site)[0].detail["outcome"]
        assert told == ("passed" if carried else "not_carried")
        await browser.say(encode_instruction("nop"))
        await until(lambda: b"nop" in site.guacd.last.opcodes())
        assert (b"clipboard" in site.guacd.last.opcodes()) == carried


async def test_what_is_not_granted_is_not_told_either(site: Site) -> None:
    await site.start()
    async with site.session() as browser:
        await browser.say(stream())
        site.guacd.visits[0].say(stream())
        await until(lambda: [b"ack", b"3", b"BLOCKED", b"771"] in browser.instructions)
        assert clipboard_events(site) == []


def test_a_flood_of_texts_is_neither_carried_nor_told() -> None:
    passages = Passages(0.0)
    told: list[Passage] = []
    passages.on_text = told.append
    text = Passage(way=Way.IN, outcome=Outcome.PASSED, size_bytes=1, characters=1, sha256="0" * 64)
    outcomes = [passages.note(text, 0.0).outcome for _ in range(100)]
    assert outcomes == [Outcome.PASSED] * 30 + [Outcome.TOO_OFTEN] * 70
    assert (len(told), passages.unaudited) == (30, 70)
    assert passages.note(text, 1.0).outcome is Outcome.PASSED, "a second later there is room for one more"


def test_a_text_that_was_never_whole_has_no_digest() -> None:
    assert describe(Passage(way=Way.OUT, outcome=Outcome.TOO_LONG)) == {"way": "out", "outcome": "too_long"}
