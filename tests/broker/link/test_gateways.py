"""What gateways say, what they hear, and what becomes of those that misbehave."""

import asyncio
import contextlib
from pathlib import Path

import msgspec
import pytest
from aiohttp import WSCloseCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.link.limits import LinkLimits
from broker.model.ids import AttachmentId, GatewayId
from broker.model.reasons import EndReason
from broker.wire.codec import encode
from broker.wire.messages import (
    EventAck,
    GatewayHeartbeat,
    Redeem,
    Redeemed,
    RedeemRefused,
    Terminate,
    Welcome,
)
from tests.broker.link.fakes import LIMITS, Wire, attachment_of, event, gateway_hello, key_of, until

GW1 = GatewayId("gw1")


def redeem(request: int, ticket: str) -> Redeem:
    return Redeem(request=request, ticket=ticket, tunnel_cookie="cookie", address="192.0.2.1")


async def test_a_ticket_becomes_a_connection_or_a_refusal(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        await gateway.say(redeem(7, "ok-1"), redeem(8, "bad"))
        answers = [await gateway.hear(Redeemed | RedeemRefused) for _ in range(2)]  # type: ignore[arg-type]  # a union
        by_request = {answer.request: answer for answer in answers}
        assert by_request[7].spec.attachment_id == "of-ok-1"
        assert by_request[8].code == "unknown"


async def test_a_slow_ticket_stalls_neither_events_nor_other_tickets(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        await gateway.say(redeem(1, "ok-slow"), redeem(2, "ok-2"), event(1))
        heard = [await gateway.hear((Redeemed, EventAck)) for _ in range(2)]  # type: ignore[arg-type]  # either
        assert {type(message) for message in heard} == {Redeemed, EventAck}
        wire.books.slow_ticket.set()
        assert (await gateway.hear(Redeemed)).request == 1


async def test_tickets_are_looked_up_a_bounded_number_at_a_time(folder: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, max_redeems_at_once=3)
    async with Wire(folder, limits).listening() as wire, wire.gateway() as gateway:
        await gateway.say(*(redeem(number, f"ok-slow{number}") for number in range(20)))
        await until(lambda: wire.books.redeeming == 3)
        wire.books.slow_ticket.set()
        assert {(await gateway.hear(Redeemed)).request for _ in range(20)} == set(range(20))
        assert wire.books.most_redeeming == 3


async def test_books_that_are_away_refuse_a_ticket_and_keep_the_connection(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        wire.books.is_away = True
        await gateway.say(redeem(1, "ok"))
        assert (await gateway.hear(RedeemRefused)).code == "unavailable"
        wire.books.is_away = False
        await gateway.say(redeem(2, "ok"))
        assert (await gateway.hear(Redeemed)).request == 2


async def test_an_event_is_acknowledged_only_once_it_is_in_the_books(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        wire.books.is_away = True
        await gateway.say(event(1))
        assert await gateway.hear_end() == WSCloseCode.TRY_AGAIN_LATER
    wire.books.is_away = False
    async with wire.gateway() as gateway:
        assert gateway.welcome == Welcome(version=1, last_event=0)
        await gateway.say(event(1))
        assert (await gateway.hear(EventAck)).number == 1


async def test_replayed_events_count_once_and_a_new_connection_hears_where_it_stands(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        await gateway.say(event(1), event(2), event(1), event(2), event(3))
        assert [(await gateway.hear(EventAck)).number for _ in range(5)] == [1, 2, 1, 2, 3]
    async with wire.gateway() as gateway:
        assert gateway.welcome == Welcome(version=1, last_event=3)
        await gateway.say(event(2), event(3), event(4))
        assert [(await gateway.hear(EventAck)).number for _ in range(3)] == [2, 3, 4]
    async with wire.gateway(epoch="e2") as gateway:
        assert gateway.welcome == Welcome(version=1, last_event=0)
    assert [kept.number for kept in wire.books.events[GW1, "e1"]] == [1, 2, 3, 4]


async def test_a_gap_between_events_ends_the_connection(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        await gateway.say(event(1), event(3))
        assert await gateway.hear_end() == WSCloseCode.PROTOCOL_ERROR
    assert [kept.number for kept in wire.books.events[GW1, "e1"]] == [1]


async def test_heartbeats_are_compared_and_what_is_too_much_must_end(wire: Wire) -> None:
    wire.books.must_end = [(AttachmentId("a9"), EndReason.TERMINATED)]
    async with wire.gateway() as gateway:
        await gateway.say(GatewayHeartbeat(live=[AttachmentId("a1"), AttachmentId("a9")]))
        assert await gateway.hear(Terminate) == Terminate(attachment_id=AttachmentId("a9"), reason=EndReason.TERMINATED)
    assert wire.books.lives == [{"a1", "a9"}]


async def test_an_order_to_terminate_reaches_the_gateway_that_holds_the_tunnel(wire: Wire) -> None:
    async with wire.gateway("gw1") as first, wire.gateway("gw2") as second:
        await wire.gateways.terminate(attachment_of("gw2"), EndReason.TAKEN_OVER)
        await wire.gateways.terminate(attachment_of("gone"), EndReason.TAKEN_OVER)
        assert (await second.hear(Terminate)).reason is EndReason.TAKEN_OVER
        await first.say(event(1))
        await first.hear(EventAck)


async def test_a_second_connection_of_the_same_gateway_takes_the_place_of_the_first(wire: Wire) -> None:
    async with wire.gateway() as first, wire.gateway() as second:
        assert await first.hear_end() == 4001
        await wire.gateways.terminate(attachment_of("gw1"), EndReason.TERMINATED)
        await second.hear(Terminate)
        assert "gateway.lost" not in {entry.event for entry in wire.store.audited}
    await until(lambda: wire.store.told()[-1][1] == "gateway.lost")


@pytest.mark.parametrize("is_connected", [True, False])
async def test_a_gateway_that_stays_silent_is_told_to_the_books_once(folder: Path, is_connected: bool) -> None:
    limits = msgspec.structs.replace(LIMITS, silence_s=0.5)
    async with Wire(folder, limits).listening() as wire, wire.gateway() as gateway:
        if not is_connected:
            await gateway.socket.close()
        end = asyncio.create_task(gateway.hear_end())
        await until(lambda: wire.books.silent == [GW1])
        assert await end == (WSCloseCode.POLICY_VIOLATION if is_connected else WSCloseCode.OK)
        assert wire.books.silent == [GW1]
        assert wire.books.untold == []
        await until(lambda: [told for told in wire.store.told() if told[1] == "gateway.lost"] != [])
    assert [event for _, event, _ in wire.store.told()].count("gateway.lost") == 1


async def test_a_loss_that_could_not_be_written_at_its_time_is_left_to_the_books(folder: Path) -> None:
    async with Wire(folder, msgspec.structs.replace(LIMITS, silence_s=0.5)).listening() as wire:
        async with wire.gateway():
            wire.store.is_away = True
        await until(lambda: wire.books.untold == [GW1])
    assert "gateway.lost" not in {event for _, event, _ in wire.store.told()}


async def test_a_gateway_from_before_the_start_that_never_comes_back_is_silent(folder: Path) -> None:
    wire = Wire(folder, msgspec.structs.replace(LIMITS, silence_s=0.3))
    wire.store.open_attachments = [attachment_of("old", "a1"), attachment_of("old", "a2")]
    wire.store.is_away = True
    async with wire.listening():
        wire.store.is_away = False
        await until(lambda: wire.books.silent == [GatewayId("old")])
        assert wire.books.untold == [GatewayId("old")]


async def test_silence_is_booked_when_the_books_are_back(folder: Path) -> None:
    async with Wire(folder, msgspec.structs.replace(LIMITS, silence_s=0.3)).listening() as wire:
        async with wire.gateway():
            pass
        wire.books.is_away = True
        long_ago = asyncio.get_running_loop().time() + 0.4
        await until(lambda: asyncio.get_running_loop().time() > long_ago)
        assert wire.books.silent == []
        wire.books.is_away = False
        await until(lambda: wire.books.silent == [GW1])


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "null",
        '{"type":"no_such_message"}',
        '{"type":"redeem","request":"x"}',
        '{"type":"agent_heartbeat","running":1}',
        encode(gateway_hello()),
        encode(msgspec.structs.replace(event(1), number=0)),
        encode(msgspec.structs.replace(event(1), bytes_to_browser=-1)),
        encode(msgspec.structs.replace(event(1), detail={"x": "y" * 300})),
        encode(msgspec.structs.replace(event(1), detail={str(n): "" for n in range(17)})),
        encode(redeem(1, "ok" * 1000)),
    ],
)
async def test_a_bad_frame_costs_only_the_connection_it_came_by(wire: Wire, frame: str) -> None:
    async with wire.gateway("good") as good, wire.gateway("bad") as bad:
        await bad.socket.send_str(frame)
        assert await bad.hear_end() == WSCloseCode.PROTOCOL_ERROR
        await good.say(event(1))
        await good.hear(EventAck)


async def test_binary_and_oversized_frames_cost_only_their_connection(wire: Wire) -> None:
    async with wire.gateway("good") as good:
        async with wire.gateway("binary") as bad:
            await bad.socket.send_bytes(b"\x00\xff")
            assert await bad.hear_end() == WSCloseCode.PROTOCOL_ERROR
        async with wire.gateway("big") as bad:
            # The broker hangs up as soon as it sees the size, which may be before everything is sent.
            with contextlib.suppress(ConnectionError):
                await bad.socket.send_str("x" * (1 << 20 | 1))
            await until(lambda: "big" not in wire.gateways.connected())
        await good.say(event(1))
        await good.hear(EventAck)


async def test_a_fault_of_ours_costs_only_the_connection_it_met(wire: Wire) -> None:
    async with wire.gateway("good") as good, wire.gateway("unlucky") as unlucky:
        await unlucky.say(redeem(1, "fault"))
        assert await unlucky.hear_end() == WSCloseCode.INTERNAL_ERROR
        await good.say(event(1))
        await good.hear(EventAck)


async def test_a_flood_costs_only_the_connection_it_came_by(folder: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, messages_per_s=5.0, messages_at_once=20)
    async with Wire(folder, limits).listening() as wire, wire.gateway("good") as good, wire.gateway("bad") as bad:
        await bad.say(*(GatewayHeartbeat(live=[]) for _ in range(100)))
        assert await bad.hear_end() == WSCloseCode.PROTOCOL_ERROR
        assert len(wire.books.lives) <= 30
        await good.say(event(1))
        await good.hear(EventAck)


async def test_a_flood_of_tickets_is_refused_and_the_link_goes_on(folder: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, messages_per_s=5.0, messages_at_once=20)
    async with Wire(folder, limits).listening() as wire, wire.gateway() as gateway:
        await gateway.say(*(redeem(number, "invented") for number in range(200)))
        codes = [(await gateway.hear(RedeemRefused)).code for _ in range(200)]
        assert 20 <= codes.count("unknown") <= 40
        assert codes.count("unknown") + codes.count("unavailable") == 200
        await gateway.say(GatewayHeartbeat(live=[]), event(1))
        assert (await gateway.hear(EventAck)).number == 1


async def test_too_many_tickets_that_wait_are_refused_and_the_link_goes_on(folder: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, max_redeems_waiting=3)
    async with Wire(folder, limits).listening() as wire, wire.gateway() as gateway:
        await gateway.say(*(redeem(number, f"ok-slow{number}") for number in range(5)))
        assert [(await gateway.hear(RedeemRefused)).request for _ in range(2)] == [3, 4]
        wire.books.slow_ticket.set()
        assert {(await gateway.hear(Redeemed)).request for _ in range(3)} == {0, 1, 2}


async def test_a_peer_that_never_reads_stalls_nobody_and_is_cut_off(folder: Path) -> None:
    limits = LinkLimits(heartbeat_s=60.0, send_deadline_s=0.5, max_unsent=100)
    async with Wire(folder, limits).listening() as wire, wire.gateway("good") as good, wire.gateway("deaf") as deaf:
        transport = deaf.socket._response.connection
        assert transport is not None
        assert transport.transport is not None
        transport.transport.pause_reading()
        long_name = "a" * 20_000
        for number in range(100):
            await wire.gateways.terminate(attachment_of("deaf", long_name), EndReason.TERMINATED)
            if number % 10 == 0:
                await wire.gateways.terminate(attachment_of("good"), EndReason.TERMINATED)
                await good.hear(Terminate)
        await until(lambda: wire.gateways.connected() == {"good"})
        transport.transport.abort()
        await good.say(event(1))
        await good.hear(EventAck)


FRAMES = st.one_of(
    st.text(max_size=200),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10).map(
        lambda value: msgspec.json.encode(value).decode()
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["event", "redeem", "gateway_heartbeat", "gateway_hello", "agent_answer", ""])},
        optional={
            name: st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3)
            for name in ("number", "kind", "live", "request", "ticket", "tunnel_cookie", "address", "at", "detail")
        },
    ).map(lambda fields: msgspec.json.encode(fields).decode()),
    st.builds(GatewayHeartbeat, live=st.lists(st.text().map(AttachmentId), max_size=3)).map(encode),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hello=st.none() | FRAMES, frames=st.lists(FRAMES, max_size=4))
async def test_no_frame_whatsoever_stops_the_server(folder: Path, hello: str | None, frames: list[str]) -> None:
    async with Wire(folder, msgspec.structs.replace(LIMITS, hello_deadline_s=5.0)).listening() as wire:
        async with wire.dial("/wire/gateway", key_of("gateway", "odd")) as peer:
            await peer.socket.send_str(encode(gateway_hello("odd")) if hello is None else hello)
            for frame in frames:
                await peer.socket.send_str(frame)
            await peer.socket.close()
        async with wire.gateway("good") as good:
            await good.say(event(1))
            await good.hear(EventAck)
