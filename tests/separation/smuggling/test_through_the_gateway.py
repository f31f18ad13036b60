"""Some hundred of the cases over real sockets, through the gateway in a process of its own."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.model.ids import AttachmentId, SessionId
from broker.wire.messages import EventKind
from tests.fakes.broker import ObligingBroker, make_spec
from tests.fakes.grants import grant_only
from tests.fakes.waiting import until
from tests.gateway.conftest import Site
from tests.gateway.gateway_process import start_process
from tests.separation.ledger import IS_FULL, Ledger
from tests.separation.smuggling.attempt import PROBE_INWARD, PROBE_OUTWARD, holds_canary
from tests.separation.smuggling.cases import Case, Direction, State, choose
from tests.separation.smuggling.raw_peers import RawBrowser, RecordingGuacd, RecordingVisit
from tests.separation.smuggling.reference import Judge
from tests.separation.smuggling.speech import INDEX, cut, encode, write

COUNT = 600 if IS_FULL else 60
AT_ONCE = 6
QUIET_S = 0.4
RATES = ("sockets", "sockets_per_address", "redeems", "redeems_per_address")
WIDE_OPEN = {"per_s": 1e6, "at_once": 1_000_000}
"""All cases come from one address; how often one may knock is not what is tried here."""
CLOSE_REASON = re.compile(r"\d+ [a-z_]+")


class Passage:
    """One session through the gateway in which one side is hostile."""

    def __init__(
        self, case: Case, name: str, broker: ObligingBroker, browser: RawBrowser, guacd: RecordingVisit
    ) -> None:
        self.case = case
        self.name = name
        self.broker = broker
        self.browser = browser
        self.guacd = guacd
        self.is_inward = case.direction is Direction.INWARD

    async def prepare(self) -> None:
        if not self.case.is_drawn:
            self.guacd.visit.say(encode(["nop"]))
        sign = b"4.sync" if self.case.is_drawn else b"3.nop;"
        await until(lambda: sign in self.browser.received, 15, "the relay runs")
        if self.case.state is State.OTHER_SIDE and self.is_inward:
            self.guacd.visit.say(encode(["img", INDEX, "14", "0", "image/png", "0", "0"]))
            await until(lambda: b"3.img,1.7" in self.browser.received, 15, "the carrier")
        elif self.case.state is State.OTHER_SIDE:
            self.browser.say(encode(["clipboard", INDEX, "text/plain"]))
            await until(lambda: self.guacd.received or b"BLOCKED" in self.browser.received, 15, "the carrier")

    async def attack(self) -> list[str]:
        """What is amiss: neither an end with a status nor a session that goes on."""
        for number, chunk in enumerate(cut(write(self.case), self.case.split)):
            await self._send(chunk, frames=1 + number % 3)
        probe = PROBE_INWARD if self.is_inward else PROBE_OUTWARD
        if self.is_inward and "read_only" in self.case.granted:
            probe = encode(["nop"])
        await self._send(probe)
        if not await self._settles(probe, QUIET_S):
            await self._send(probe * (60_000 // len(probe)))
            await self._send(probe * (60_000 // len(probe)))
            if not await self._settles(probe, 20):
                return ["the session neither went on nor ended"]
        return await self._check_status() if self.browser.is_gone else []

    async def _check_status(self) -> list[str]:
        """The books hold a reason, and the browser is told its status: except one that goes on sending when the
        gateway has closed, which loses what the gateway said last (TCP resets such a connection)."""

        def has_reason() -> bool:
            return any(
                event.attachment_id == self.name and event.kind is EventKind.DETACHED and event.reason is not None
                for event in self.broker.books.values()
            )

        try:
            await until(has_reason, 15)
        except AssertionError:
            return ["ended without a reason in the books"]
        is_told = CLOSE_REASON.fullmatch(self.browser.close_reason) is not None
        if is_told or (self.is_inward and self.browser.close_code is None):
            return []
        return [f"ended without a status: {self.browser.close_code} {self.browser.close_reason!r}"]

    async def _send(self, data: bytes, frames: int = 1) -> None:
        if self.is_inward:
            self.browser.say(data, frames)
        else:
            self.guacd.visit.say(data)
            await asyncio.sleep(0)

    async def _settles(self, probe: bytes, within_s: float) -> bool:
        sink = self.guacd.received if self.is_inward else self.browser.received
        try:
            await until(lambda: self.browser.is_gone or sink.endswith(probe), within_s)
        except AssertionError:
            return False
        return True

    def judge(self) -> list[str]:
        inward, outward = Judge(self.case.granted, is_inward=True), Judge(self.case.granted, is_inward=False)
        inward.read(bytes(self.guacd.received))
        # the greeting of a Guacamole tunnel: a random identifier, before anything else
        outward.read(re.sub(rb"\A0\.,36\.[0-9a-f-]{36};", b"", bytes(self.browser.received)))
        inward.check_acknowledgements(outward)
        outward.check_acknowledgements(inward)
        finds = inward.finds + outward.finds
        for elements in inward.instructions + outward.instructions:
            if holds_canary(elements) and elements[0] not in {"blob", "file"}:
                finds.append(f"content crossed in {elements[0]!r}")
        return finds


@pytest.fixture
async def guacd(site: Site, tmp_path: Path) -> AsyncIterator[RecordingGuacd]:
    """A gateway process between the raw peers."""
    site.guacd = recording = RecordingGuacd()
    await site.broker.start()
    await recording.start()
    process = await start_process(site, tmp_path, door=dict.fromkeys(RATES, WIDE_OPEN))
    yield recording
    await process.kill()


async def pass_through(site: Site, guacd: RecordingGuacd, case: Case, number: int) -> list[str]:
    name, attachment = f"/desktops/{number}.sock", f"attachment-{number}"
    ticket = f"ticket-of-case-{number:08}"
    site.broker.tickets[ticket] = make_spec(
        session_id=SessionId(f"session-{number}"),
        attachment_id=AttachmentId(attachment),
        parameters={"hostname": name, "port": "0", "password": "p"},
        grants=grant_only(*case.granted),
    )
    if case.is_drawn:
        guacd.drawn.add(name)
    async with RawBrowser(site.port) as browser:
        browser.say(encode(["", "ticket", ticket]))
        await until(lambda: name in guacd.cases, 20, "the handshake with guacd")
        passage = Passage(case, attachment, site.broker, browser, guacd.cases[name])
        await passage.prepare()
        finds = await passage.attack()
        return finds + passage.judge()


@pytest.mark.real
@pytest.mark.timeout(600)
async def test_nothing_ungranted_crosses_a_gateway_on_real_sockets(
    site: Site, guacd: RecordingGuacd, ledger: Ledger
) -> None:
    cases = choose(COUNT)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, case: Case) -> list[str]:
        async with gate:
            return [f"{find}: {case.describe()}" for find in await pass_through(site, guacd, case, number)]

    finds = [find for found in await asyncio.gather(*map(one, range(COUNT), cases)) for find in found]
    ledger.record("smuggling", "through_the_gateway", paths=len(cases), finds=finds)
    assert finds == []
