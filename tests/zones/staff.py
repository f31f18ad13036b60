"""A member of staff at a client: signs in through the entrance there, opens a desktop, sees its picture."""

import asyncio
import gc
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from sekisho.smoke.browser import Browser
from sekisho.smoke.story import Walk, attach, open_pool, sign_in
from sekisho.smoke.tunnel import Tunnel
from tests.zones import namespaces
from tests.zones.devices import Device
from tests.zones.map import BY_ID
from tests.zones.site import POOL_OF_ZONE, host_name

FRAME_S: Final = 45.0
CONNECT_S: Final = 5.0
_T = TypeVar("_T")


class _Names(AbstractResolver):
    """The portal's names lead to the entrance that the client stands before."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=self._address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


class Member(msgspec.Struct, kw_only=True):
    """One person. ``totp_secret`` is known once an authenticator app is enrolled."""

    login: str
    password: str
    web_authority: Path
    totp_secret: str | None = None
    device: Device | None = None


class Seat:
    """A person before a browser at one client."""

    def __init__(self, member: Member, walk: Walk) -> None:
        self.member = member
        self.walk = walk

    async def enrol(self) -> None:
        """The first sign-in: the authenticator app is enrolled."""
        self.member.totp_secret = await sign_in(self.walk, None)

    async def sign_in(self) -> None:
        """With password and code."""
        if self.member.totp_secret is None:
            await self.enrol()
        else:
            await sign_in(self.walk, self.member.totp_secret)

    async def refusals(self) -> dict[str, str | None]:
        """Every pool that the portal lists here, and why it can't be opened (nothing: it can)."""
        answer = await self.ask("GET", "/api/v1/pools")
        return {pool["id"]: pool["refusal"] for pool in answer["pools"]}

    async def ask(self, method: str, path: str) -> Any:
        return await self.walk.browser.call(await self.walk.browser.get("/"), method, path)

    @asynccontextmanager
    async def desktop(self, zone: str) -> AsyncIterator[Tunnel]:
        """A desktop of a zone, once its first picture is there."""
        page, session_id, _ = await open_pool(self.walk, POOL_OF_ZONE[zone])
        async with await attach(self.walk, page, session_id) as tunnel:
            await tunnel.wait_drawn(0, FRAME_S)
            yield tunnel
            await self.walk.browser.call(page, "POST", f"/api/v1/sessions/{session_id}/logoff")


def at(client: str, member: Member, visit: Callable[[Seat], Awaitable[_T]], *, entrance: str | None = None) -> _T:
    """Let ``visit`` happen at a client, through its own entrance (or by the name of another one)."""

    async def sit() -> _T:
        group = entrance or BY_ID[client].group
        connector = aiohttp.TCPConnector(ssl=_trust(member), resolver=_Names(BY_ID[f"entrance-{group}"].address))
        patience = aiohttp.ClientTimeout(total=60, sock_connect=CONNECT_S)
        async with aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), connector=connector, timeout=patience
        ) as session:
            walk = Walk(
                client=session,
                browser=Browser(session, f"https://{host_name(group)}"),
                tunnel_url=f"wss://{host_name(group)}/tunnel",
                login=member.login,
                password=member.password,
                say=_say_nothing,
            )
            return await visit(Seat(member, walk))

    try:
        return namespaces.in_namespace(client, lambda: asyncio.run(sit()))
    finally:
        _drop_connections()


def _drop_connections() -> None:
    """A connection may still wait for the other side's farewell (RFC 8446, 6.1) when its loop ends: it is let go of
    here and not at some later test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _trust(member: Member) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=member.web_authority)
    if member.device is not None:
        context.load_cert_chain(member.device.certificate, member.device.key)
    return context


def _say_nothing(_: str) -> None:
    """The tests tell by themselves."""
