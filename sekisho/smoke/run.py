"""Run the walk against a demo and say what came of it."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from broker.errors import SekishoError
from sekisho.api_client import call_api
from sekisho.demo.run import load_secrets
from sekisho.demo.state import DemoState, read_state
from sekisho.smoke.browser import Browser
from sekisho.smoke.story import SmokeResult, Walk, sign_in, visit_pool

_TOTP_FILE: Final = "smoke-totp.key"


async def run_smoke(data_dir: Path, say: Callable[[str], None]) -> bool:
    """True when every step went well. The last line said is JSON."""
    pools: dict[str, int] = {}
    returned: dict[str, int] = {}
    failed: str | None = None
    try:
        state = read_state(data_dir)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            walk = _make_walk(state, data_dir, client, say)
            await _sign_in_keeping_totp(walk, state, data_dir)
            for pool_id in state.pools:
                pools[pool_id], returned[pool_id] = await visit_pool(walk, pool_id, _desktop_lookup(state))
    except (SekishoError, aiohttp.ClientError, TimeoutError) as error:
        failed = f"{type(error).__name__}: {error}"
        say(f"failed: {failed}")
    result = SmokeResult(ok=failed is None, pools=pools, returned_ms=returned, failed=failed)
    say(msgspec.json.encode(result).decode())
    return result.ok


def _make_walk(state: DemoState, data_dir: Path, client: aiohttp.ClientSession, say: Callable[[str], None]) -> Walk:
    return Walk(
        client=client,
        browser=Browser(client, state.portal_url),
        tunnel_url=state.tunnel_url,
        login=state.walker,
        password=load_secrets(data_dir).people[state.walker].reveal(),
        say=say,
    )


async def _sign_in_keeping_totp(walk: Walk, state: DemoState, data_dir: Path) -> None:
    """Use the enrolment of an earlier walk, if its key is still here; otherwise have the IT desk reset it first."""
    key_file = data_dir / _TOTP_FILE
    known = key_file.read_text("ascii").strip() if key_file.exists() else None
    if known is None:
        await _reset_factor(state)
    secret = await sign_in(walk, known)
    if secret != known:
        handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secret + "\n")
        await walk.browser.sign_out()
        await sign_in(walk, secret)


_WITHOUT_KEY: Final = {"reason": "smoke walk without its key", "checked": "supervisor"}


async def _reset_factor(state: DemoState) -> None:
    people = (await call_api(Path(state.admin_socket), "GET", "/admin/people", query={"q": state.walker}))["people"]
    for person in people:
        if person["login"] == state.walker and person["is_enrolled"]:
            path = f"/admin/people/{person['id']}/reset-factor"
            await call_api(Path(state.admin_socket), "POST", path, body=_WITHOUT_KEY)


def _desktop_lookup(state: DemoState) -> Callable[[str], Awaitable[str | None]]:
    async def desktop_of(session_id: str) -> str | None:
        answer = await call_api(Path(state.admin_socket), "GET", "/admin/sessions")
        return next((str(row["desktop_id"]) for row in answer["sessions"] if row["id"] == session_id), None)

    return desktop_of
