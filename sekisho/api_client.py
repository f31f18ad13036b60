"""The command line's way to the REST API: over the Unix socket of the broker's host."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from broker.errors import SekishoError

_BASE: Final = "http://broker/api/v1"
_TENANT_HEADER: Final = "X-Sekisho-Tenant"


class ApiRefused(SekishoError):
    """The API answered with an error; the message holds its code, what is wrong and the next step."""


class ApiUnreachable(SekishoError):
    """No broker listens on the socket."""


async def call_api(
    socket_path: Path,
    method: str,
    path: str,
    *,
    body: Mapping[str, object] | None = None,
    query: Mapping[str, str] | None = None,
    tenant: str | None = None,
) -> Any:
    """One call; the decoded JSON answer, or None where there is none.

    Raises :class:`ApiRefused` and :class:`ApiUnreachable`.
    """
    connector = aiohttp.UnixConnector(str(socket_path))
    timeout = aiohttp.ClientTimeout(total=30)
    headers = {} if tenant is None else {_TENANT_HEADER: tenant}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as client,
            client.request(method, _BASE + path, json=body, params=query, headers=headers) as response,
        ):
            content = await response.read()
            if response.status >= 400:
                raise ApiRefused(_explain(response.status, content))
            return msgspec.json.decode(content) if content else None
    except (aiohttp.ClientConnectorError, FileNotFoundError) as error:
        raise ApiUnreachable(f"no broker listens on {socket_path}: start it with `sekisho serve`") from error


def _explain(status: int, content: bytes) -> str:
    try:
        error = msgspec.json.decode(content)["error"]
        return f"{error['code']}: {error['message']}\n  {error.get('next_step') or ''}".strip()
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"the API answered with status {status}"
