"""The description of the API (OpenAPI 3.1), made from the table of operations."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from web.api.operation import API_ROOT, Audience, Operation
from web.errors import ErrorAnswer
from web.problems import EXPLANATIONS, Problem

_REF: Final = "#/components/schemas/{name}"
_path_parameter: Final = re.compile(r"\{(\w+)\}")
_ALWAYS: Final = {
    "GET": (Problem.NOT_SIGNED_IN, Problem.SERVER_ERROR, Problem.STORE_UNAVAILABLE),
    "POST": (Problem.NOT_SIGNED_IN, Problem.CSRF_REFUSED, Problem.SERVER_ERROR, Problem.STORE_UNAVAILABLE),
}


def describe_api(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    types: list[Any] = [ErrorAnswer]
    for operation in operations:
        types += [operation.response, *([operation.request] if operation.request else [])]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = iter(schemas)
    error = next(by_type)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        response = next(by_type)
        request = next(by_type) if operation.request else None
        entry = _describe(operation, response, request, error)
        paths.setdefault(API_ROOT + operation.path, {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sekisho",
            "version": "1",
            "description": "Sign in on the portal; the API takes its session cookie. Unsafe methods also need the"
            " header X-CSRF-Token and an Origin (or Sec-Fetch-Site: same-origin) of the portal. On the admin socket"
            " of the broker's host only the operations of the console exist, without cookie and token.",
        },
        "tags": [{"name": audience.value} for audience in Audience],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-sekisho_session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _describe(operation: Operation, response: Any, request: Any, error: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.audience.value],
        "security": [{"session": [], "csrf": []}] if operation.method == "POST" else [{"session": []}],
        "responses": {"200": _json_content("Done", response)} | _describe_problems(operation, error),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _path_parameter.findall(operation.path)
    ]
    parameters += [
        {"name": one.name, "in": "query", "description": one.summary, "schema": {"type": "string"}}
        for one in operation.query
    ]
    if parameters:
        entry["parameters"] = parameters
    if request is not None:
        entry["requestBody"] = {"required": True, "content": {"application/json": {"schema": request}}}
    return entry


def _describe_problems(operation: Operation, error: Any) -> dict[str, Any]:
    problems: list[Problem] = [*_ALWAYS[operation.method], *operation.problems]
    if operation.request is not None:
        problems += [Problem.BAD_REQUEST, Problem.TOO_LARGE, Problem.UNSUPPORTED_MEDIA]
    if operation.audience is Audience.CONSOLE:
        problems.append(Problem.NOT_ALLOWED)
    by_status: dict[str, list[str]] = {}
    for problem in problems:
        by_status.setdefault(str(EXPLANATIONS[problem].status), []).append(problem.value)
    return {status: _json_content(_code_list(codes), error) for status, codes in sorted(by_status.items())}


def _code_list(codes: Iterable[str]) -> str:
    return "Codes: " + ", ".join(dict.fromkeys(codes))


def _json_content(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
