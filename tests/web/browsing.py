"""A visitor of the portal as a browser behaves: cookies of its own, Origin on forms, tokens from the pages."""

import asyncio
import re
from collections.abc import Mapping
from http.cookies import Morsel, SimpleCookie

import msgspec
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from tests.web.fake_signin import CODE, PASSWORD
from tests.web.fakes import FakeCity

_token = re.compile(r'name="csrf_token" value="([^"]+)"|"csrfToken": "([^"]+)"')


class Page(msgspec.Struct, frozen=True):
    """An answer, read to its end."""

    status: int
    text: str
    headers: Mapping[str, str]
    cookies: Mapping[str, Morsel[str]]

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def token(self) -> str:
        found = _token.search(self.text)
        assert found is not None, "the page has no token"
        return found[1] or found[2]


class Visitor:
    """Redirects are shown, not followed."""

    def __init__(self, client: TestClient[Request, Application], origin: str) -> None:
        self.client = client
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self.last = Page(0, "", {}, {})

    async def ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """One request with this visitor's cookies and exactly these headers besides."""
        sent = {"Host": self.origin.removeprefix("http://"), "Cookie": self._cookie_line(), **(headers or {})}
        async with self.client.request(
            method, path, data=form, json=json, headers=sent, allow_redirects=False
        ) as response:
            return await self._read(response)

    def _cookie_line(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def _read(self, response: ClientResponse) -> Page:
        given: SimpleCookie = SimpleCookie()
        for line in response.headers.getall("Set-Cookie", []):
            given.load(line)
        for name, morsel in given.items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
        text = await response.text("utf-8-sig" if response.content_type == "text/csv" else "utf-8")
        return Page(response.status, text, response.headers.copy(), dict(given))

    async def ask_raw(self, *lines: str, body: bytes = b"") -> Page:
        """A request exactly as written, Host apart: no client in between tidies its path up."""
        reader, writer = await asyncio.open_connection(self.client.host, self.client.port)
        names = [f"Host: {self.origin.removeprefix('http://')}", f"Cookie: {self._cookie_line()}", "Connection: close"]
        head = "\r\n".join([lines[0], *names, *lines[1:], "", ""])
        writer.write(head.encode() + body)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        top, _, text = answer.partition(b"\r\n\r\n")
        return Page(int(top.split()[1]), text.decode(), {}, {})

    async def get(self, path: str) -> Page:
        self.last = await self.ask("GET", path)
        return self.last

    async def submit(self, path: str, **fields: str) -> Page:
        """Post a form of the page that was got last."""
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        page = await self.ask("POST", path, form={"csrf_token": self.last.token(), **fields}, headers=headers)
        if "csrf_token" in page.text:
            self.last = page
        return page

    async def call(self, path: str, body: object = None) -> Page:
        """An unsafe API call as the script of the page that was got last makes it."""
        headers = {"Origin": self.origin, "X-CSRF-Token": self.last.token()}
        return await self.ask("POST", path, json=body, headers=headers)

    async def sign_in(self, login: str, code: str = CODE) -> Page:
        """Password, then code; ends where the portal sends the person."""
        await self.get("/login")
        first = await self.submit("/login", login=login, password=PASSWORD)
        assert first.location == "/login/code", first.text
        await self.get("/login/code")
        return await self.submit("/login/code", code=code)

    async def sign_in_elsewhere(self, login: str, city: FakeCity) -> None:
        """The same person in another browser."""
        city.signin.enter(city.signin.users[login])
