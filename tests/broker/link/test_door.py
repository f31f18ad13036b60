"""Who gets in: the socket, the key, the hello."""

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import WSCloseCode

from broker.errors import ConfigurationError
from broker.link.keys import WireKeys, WirePeer, find_bearer
from broker.link.unix_socket import bind_unix_socket
from broker.model.ids import ZoneId
from broker.secret import Secret
from broker.wire.messages import AGENT_PATH, GATEWAY_PATH, BrokerHeartbeat, GatewayHeartbeat, Redeem
from tests.broker.link.fakes import (
    AGENT_KEY,
    GATEWAY_KEY,
    GATEWAYS,
    LGWAN,
    RESIDENT,
    Wire,
    agent_hello,
    gateway_hello,
    peers_of,
    until,
)


async def test_the_socket_is_its_owners_alone_and_goes_with_the_server(folder: Path) -> None:
    wire = Wire(folder)
    async with wire.listening():
        assert wire.socket_path.stat().st_mode & 0o777 == 0o600
        assert wire.socket_path.parent.stat().st_mode & 0o777 == 0o700
    assert not wire.socket_path.exists()


async def test_a_dead_process_leaves_no_socket_in_the_way_but_a_live_one_does(folder: Path) -> None:
    path = folder / "run" / "wire.sock"
    bind_unix_socket(path).close()
    assert path.exists()
    async with Wire(folder).listening():
        with pytest.raises(ConfigurationError, match="another process listens"):
            bind_unix_socket(path)


def test_what_is_no_socket_is_never_removed(folder: Path) -> None:
    (folder / "letter").write_text("dear city hall")
    with pytest.raises(ConfigurationError, match="not a socket"):
        bind_unix_socket(folder / "letter")
    assert (folder / "letter").read_text() == "dear city hall"


def test_a_path_that_a_socket_cannot_have_is_named(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="at most 107 bytes"):
        bind_unix_socket(folder / ("x" * 120) / "wire.sock")


@pytest.mark.parametrize(
    "path,key",
    [
        (GATEWAY_PATH, ""),
        (GATEWAY_PATH, "wrong"),
        (GATEWAY_PATH, AGENT_KEY),
        (AGENT_PATH, GATEWAY_KEY),
        (AGENT_PATH, AGENT_KEY + "x"),
        (AGENT_PATH, AGENT_KEY[:-1]),
    ],
)
async def test_only_the_key_of_its_kind_opens_a_path(wire: Wire, path: str, key: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with wire.dial(path, key):
            pass
    assert refusal.value.status == 401


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic " + "g" * 43, "bearer\udcff", "Bearer \udcff"]
)
def test_a_header_that_is_no_proof_proves_nothing(header: str | None) -> None:
    assert find_bearer(peers_of("gateway", GATEWAYS), header) is None


GOOD = WirePeer(name="gw1", zones=frozenset({LGWAN}), key=Secret("g" * 43))


@pytest.mark.parametrize(
    "second,said",
    [
        ({"key": Secret("")}, "fewer than 32"),
        ({"key": Secret("x" * 31)}, "fewer than 32"),
        ({"key": GOOD.key}, "same key"),
        ({"name": "gw1"}, "listed twice"),
        ({"name": "../etc"}, "needs an id"),
        ({"zones": frozenset[ZoneId]()}, "needs an id and zones"),
        ({"zones": frozenset({ZoneId("LGWAN 1")})}, "needs an id and zones"),
    ],
)
def test_weak_or_shared_keys_and_peers_without_a_name_stop_the_start(second: dict[str, Any], said: str) -> None:
    other = msgspec.structs.replace(GOOD, **({"name": "gw2", "key": Secret("h" * 43)} | second))
    with pytest.raises(ConfigurationError, match=said):
        WireKeys(gateways=(GOOD, other), agents=())


def test_a_gateways_key_is_no_agents_key() -> None:
    with pytest.raises(ConfigurationError, match="gateway gw1 and agent gw1 must not have the same key"):
        WireKeys(gateways=(GOOD,), agents=(GOOD,))


@pytest.mark.parametrize("name,zones", [("gw2", (LGWAN,)), ("gw1", (LGWAN, ZoneId("secret"))), ("gw9", (RESIDENT,))])
async def test_a_key_is_neither_another_gateway_nor_another_zone(
    wire: Wire, name: str, zones: tuple[ZoneId, ...]
) -> None:
    """The rightful gateway of that name keeps its place; the attempt is in the audit, once for a while."""
    async with wire.gateway("gw2") as rightful:
        for _ in range(3):
            async with wire.dial(GATEWAY_PATH, GATEWAY_KEY) as peer:
                await peer.say(gateway_hello(name, zones))
                await peer.say(Redeem(request=1, ticket="ok", tunnel_cookie="c", address="192.0.2.1"))
                assert await peer.hear_end() == WSCloseCode.PROTOCOL_ERROR
        assert wire.gateways.connected() == {"gw2"}
        await rightful.hear(BrokerHeartbeat)
    refused = [entry for entry in wire.store.audited if entry.event == "gateway.refused"]
    assert [(entry.tenant_id, entry.actor, entry.outcome) for entry in refused] == [
        ("t1", "gateway:gw1", "refused"),
        ("t2", "gateway:gw1", "refused"),
    ]
    assert refused[0].detail["named"] == name
    assert refused[0].detail["asked_zones"] == " ".join(sorted(zones))


async def test_a_key_is_not_another_agent(wire: Wire) -> None:
    async with wire.dial(AGENT_PATH, AGENT_KEY) as peer:
        await peer.say(agent_hello("ag2"))
        assert await peer.hear_end() == WSCloseCode.PROTOCOL_ERROR
    assert wire.agents.serving(LGWAN) == frozenset()
    assert {entry.event for entry in wire.store.audited} == {"agent.refused"}


async def test_a_false_name_is_refused_also_when_it_can_not_be_written_down(wire: Wire) -> None:
    wire.store.is_away = True
    async with wire.dial(GATEWAY_PATH, GATEWAY_KEY) as peer:
        await peer.say(gateway_hello("gw2"))
        assert await peer.hear_end() == WSCloseCode.PROTOCOL_ERROR


async def test_silence_instead_of_a_hello_ends_the_connection(wire: Wire) -> None:
    async with wire.dial(GATEWAY_PATH, GATEWAY_KEY) as peer:
        assert await peer.hear_end() == WSCloseCode.PROTOCOL_ERROR


async def test_anything_but_a_good_hello_ends_the_connection(wire: Wire) -> None:
    for message in (
        gateway_hello(version=2),
        gateway_hello(name="../etc"),
        gateway_hello(name=""),
        gateway_hello(zones=()),
        gateway_hello(epoch=""),
        gateway_hello(epoch="x" * 65),
        GatewayHeartbeat(live=[]),
        Redeem(request=1, ticket="ok", tunnel_cookie="c", address="192.0.2.1"),
        agent_hello(),
    ):
        async with wire.dial(GATEWAY_PATH, GATEWAY_KEY) as peer:
            await peer.say(message)
            assert await peer.hear_end() == WSCloseCode.PROTOCOL_ERROR
    assert wire.store.audited == []
    assert wire.gateways.connected() == frozenset()


async def test_heartbeats_prove_that_a_broker_is_there(wire: Wire) -> None:
    async with wire.gateway() as gateway:
        await gateway.hear(BrokerHeartbeat)
        await gateway.hear(BrokerHeartbeat)


async def test_comings_and_goings_are_in_the_audit_of_every_tenant_served(wire: Wire) -> None:
    async with wire.gateway(zones=(LGWAN,)), wire.agent(zones=(LGWAN, RESIDENT)):
        pass
    await until(lambda: len(wire.store.audited) == 6)
    assert sorted(wire.store.told()) == [
        ("t1", "agent.connected", "agent:ag1"),
        ("t1", "agent.lost", "agent:ag1"),
        ("t1", "gateway.connected", "gateway:gw1"),
        ("t1", "gateway.lost", "gateway:gw1"),
        ("t2", "agent.connected", "agent:ag1"),
        ("t2", "agent.lost", "agent:ag1"),
    ]


async def test_nobody_is_welcome_whose_coming_can_not_be_written_down(wire: Wire) -> None:
    wire.store.is_away = True
    for path, key, hello in (
        (GATEWAY_PATH, GATEWAY_KEY, gateway_hello()),
        (AGENT_PATH, AGENT_KEY, agent_hello()),
    ):
        async with wire.dial(path, key) as peer:
            await peer.say(hello)
            assert await peer.hear_end() == WSCloseCode.TRY_AGAIN_LATER


async def test_a_stopping_broker_says_so_and_loses_nobody(folder: Path) -> None:
    wire = Wire(folder)
    async with contextlib.AsyncExitStack() as stack:
        async with wire.listening():
            gateway = await stack.enter_async_context(wire.gateway())
            end = asyncio.create_task(gateway.hear_end())
        assert await end == WSCloseCode.GOING_AWAY
    assert wire.store.told() == [("t1", "gateway.connected", "gateway:gw1")]


async def test_callers_who_never_speak_http_hold_nobody_up(wire: Wire) -> None:
    callers = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(20)]
    try:
        for caller in callers:
            caller.connect(str(wire.socket_path))
        async with asyncio.timeout(5), wire.gateway() as gateway:
            await gateway.hear(BrokerHeartbeat)
    finally:
        for caller in callers:
            caller.close()
