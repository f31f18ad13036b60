"""As much of a browser as the walk needs: cookies by its own rules, forms, JSON calls."""

import re
from collections.abc import Mapping
from html import unescape
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from sekisho.smoke.steps import SmokeFailed

_CSRF: Final = re.compile(r'<input[^>]*name="csrf_token"[^>]*value="([^"]+)"|"csrfToken":\s*"([^"]+)"')


class Page(msgspec.Struct, frozen=True):
    """A page as it came back: its address after redirects, its status and its text."""

    url: str
    status: int
    text: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def csrf_token(self) -> str:
        """The token of the page's forms. Raises :class:`SmokeFailed` when there is none."""
        found = _CSRF.search(self.text)
        if found is None:
            raise SmokeFailed(f"{self.path} (status {self.status}) holds no form")
        return unescape(found[1] or found[2])


class Browser:
    """Keeps cookies as Chromium does for ``http://localhost``: ``Secure`` ones too, and for every port of it."""

    def __init__(self, client: aiohttp.ClientSession, base_url: str) -> None:
        self._client = client
        self.base_url = base_url
        self.cookies: dict[str, str] = {}

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def get(self, path: str) -> Page:
        return await self._go("GET", path, {}, None)

    async def submit(self, page: Page, path: str, fields: Mapping[str, str]) -> Page:
        """Send a form of ``page``, with its CSRF token, and follow where it leads."""
        return await self._go("POST", path, {}, {"csrf_token": page.csrf_token(), **fields})

    async def sign_out(self) -> None:
        await self.submit(await self.get("/"), "/signout", {})

    async def call(self, page: Page, method: str, path: str) -> Any:
        """An API call as the page's script makes it. Raises :class:`SmokeFailed` on an error status."""
        answer = await self._go(method, path, {"X-CSRF-Token": page.csrf_token(), "Accept": "application/json"}, None)
        if answer.status >= 400:
            raise SmokeFailed(f"{method} {path}: status {answer.status}: {answer.text[:300]}")
        return msgspec.json.decode(answer.text) if answer.text else None

    async def _go(self, method: str, path: str, headers: Mapping[str, str], form: Mapping[str, str] | None) -> Page:
        url = urljoin(self.base_url, path)
        for _ in range(5):
            sent = {**headers, "Cookie": self.cookie_header, "Origin": self.base_url, "Accept-Language": "ja"}
            async with self._client.request(method, url, headers=sent, data=form, allow_redirects=False) as response:
                self._keep_cookies(response)
                text = await response.text()
                if response.status not in {302, 303}:
                    return Page(url, response.status, text)
                url, method, form = urljoin(url, response.headers["Location"]), "GET", None
        raise SmokeFailed(f"{path}: more than five redirects")

    def _keep_cookies(self, response: aiohttp.ClientResponse) -> None:
        for line in response.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
