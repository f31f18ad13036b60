"""Who gets in: the socket, the key, the hello."""

import asyncio
import contextlib
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSCloseCode

from broker.errors import ConfigurationError
from broker.link.keys import WireKeys, is_bearer_of
from broker.link.unix_socket import bind_unix_socket
from broker.secret import Secret
from broker.wire.messages import AGENT_PATH, GATEWAY_PATH, BrokerHeartbeat, GatewayHeartbeat, Redeem
from tests.broker.link.fakes import KEYS, LGWAN, RESIDENT, Wire, agent_hello, gateway_hello, until


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
        (GATEWAY_PATH, KEYS.agent.reveal()),
        (AGENT_PATH, KEYS.gateway.reveal()),
        (AGENT_PATH, KEYS.agent.reveal() + "x"),
        (AGENT_PATH, KEYS.agent.reveal()[:-1]),
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
    assert not is_bearer_of(KEYS.gateway, header)


@pytest.mark.parametrize("gateway,agent", [("", "a" * 43), ("g" * 31, "a" * 43), ("k" * 43, "k" * 43)])
def test_weak_or_shared_keys_stop_the_start(gateway: str, agent: str) -> None:
    with pytest.raises(ConfigurationError):
        WireKeys(gateway=Secret(gateway), agent=Secret(agent))


async def test_silence_instead_of_a_hello_ends_the_connection(wire: Wire) -> None:
    async with wire.dial(GATEWAY_PATH, KEYS.gateway.reveal()) as peer:
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
        async with wire.dial(GATEWAY_PATH, KEYS.gateway.reveal()) as peer:
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
        (GATEWAY_PATH, KEYS.gateway, gateway_hello()),
        (AGENT_PATH, KEYS.agent, agent_hello()),
    ):
        async with wire.dial(path, key.reveal()) as peer:
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
