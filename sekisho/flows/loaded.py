"""Rulesets as the kernel has them: the one that is loaded, and the derived one in the kernel's own form."""

import asyncio
import shutil
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from broker.errors import SekishoError
from broker.flow import TABLE
from broker.flow.nft import FAMILY

_PATH: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
_DEADLINE_S: Final = 20.0
_LOAD_AND_LIST: Final = '"$1" -f - && "$1" -j list table "$2" "$3"'


class CannotCheck(SekishoError):
    """The check needs something that this machine does not have: root, nftables, its own addresses."""


class LoadedRule(msgspec.Struct, frozen=True, kw_only=True):
    """``expression`` is compact JSON without counts; ``handle`` is how nft names it for deletion."""

    comment: str
    expression: str
    handle: int


class LoadedChain(msgspec.Struct, frozen=True, kw_only=True):
    """A chain; ``hook`` is empty for one that nothing calls by itself."""

    name: str
    hook: str = ""
    kind: str = ""
    priority: int = 0
    policy: str = ""
    rules: tuple[LoadedRule, ...] = ()


class LoadedTable(msgspec.Struct, frozen=True, kw_only=True):
    family: str
    name: str
    has_flags: bool
    chains: dict[str, LoadedChain]
    objects: tuple[str, ...]
    """Sets, maps and whatever else is in it."""


async def read_loaded() -> list[LoadedTable]:
    """All tables of this machine (of this network namespace). Raises :class:`CannotCheck`."""
    return read_tables(await _run([_nft(), "-j", "list", "ruleset"], b""))


async def read_derived(ruleset: str) -> LoadedTable:
    """The ruleset as the kernel writes it, from a network namespace that exists for this moment only.

    Raises :class:`CannotCheck`.
    """
    command = ["unshare", "--net", "--", "/bin/sh", "-euc", _LOAD_AND_LIST, "sh", _nft(), FAMILY, TABLE]
    tables = read_tables(await _run(command, ruleset.encode()))
    return next(table for table in tables if table.name == TABLE)


def read_tables(listing: bytes) -> list[LoadedTable]:
    """From ``nft -j list`` (libnftables-json(5))."""
    entries: list[dict[str, dict[str, Any]]] = msgspec.json.decode(listing)["nftables"]
    found: list[LoadedTable] = []
    for entry in entries:
        for kind, fields in entry.items():
            if kind == "table":
                found.append(_read_table(fields, entries))
    return found


def _read_table(fields: dict[str, Any], entries: Sequence[dict[str, dict[str, Any]]]) -> LoadedTable:
    place = (fields["family"], fields["name"])
    inside = [
        (kind, one)
        for entry in entries
        for kind, one in entry.items()
        if kind not in {"table", "metainfo"} and (one["family"], one["table"]) == place
    ]
    rules = [one for kind, one in inside if kind == "rule"]
    return LoadedTable(
        family=place[0],
        name=place[1],
        has_flags="flags" in fields,
        chains={one["name"]: _read_chain(one, rules) for kind, one in inside if kind == "chain"},
        objects=tuple(f"{kind} {one.get('name', '')}" for kind, one in inside if kind not in {"chain", "rule"}),
    )


def _read_chain(fields: dict[str, Any], rules: Sequence[dict[str, Any]]) -> LoadedChain:
    return LoadedChain(
        name=fields["name"],
        hook=fields.get("hook", ""),
        kind=fields.get("type", ""),
        priority=fields.get("prio", 0),
        policy=fields.get("policy", ""),
        rules=tuple(
            LoadedRule(
                comment=rule.get("comment", ""),
                expression=msgspec.json.encode([_without_counts(part) for part in rule["expr"]]).decode(),
                handle=rule["handle"],
            )
            for rule in rules
            if rule["chain"] == fields["name"]
        ),
    )


def _without_counts(part: dict[str, Any]) -> dict[str, Any]:
    return {"counter": None} if "counter" in part else part


def _nft() -> str:
    found = shutil.which("nft", path=_PATH)
    if found is None:
        raise CannotCheck("nft is not there; run: apt-get install nftables")
    return found


async def _run(command: Sequence[str], given: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": _PATH, "LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(_DEADLINE_S):
            out, said = await process.communicate(given)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CannotCheck(f"{command[0]} did not end within {_DEADLINE_S:g} s") from None
    if process.returncode != 0:
        raise CannotCheck(f"the packet filter can't be read (run as root): {said.decode(errors='replace').strip()}")
    return out
