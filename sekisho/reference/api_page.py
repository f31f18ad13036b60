"""``docs/reference/api.md`` from the OpenAPI document."""

from collections.abc import Mapping
from typing import Any, Final

from web.api.openapi import openapi_document

_HEAD: Final = """# REST API

Generated from the table of operations by `make docs`; do not edit. The OpenAPI 3.1 document is served at
`/api/v1/openapi.json`. A browser proves itself by its session cookie (and `X-CSRF-Token` for every call that changes
something), the command line by the owner of the admin socket.
"""


def api_page() -> str:
    document = openapi_document()
    lines = [_HEAD, "| method | path | what it does |", "|---|---|---|"]
    paths: Mapping[str, Mapping[str, Any]] = document["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            lines.append(f"| {method.upper()} | `{path}` | {operation['summary']} |")
    return "\n".join(lines) + "\n"
