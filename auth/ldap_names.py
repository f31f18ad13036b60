"""Filters and names of a directory. Pure: nothing here opens a connection."""

import re
from collections.abc import Mapping
from typing import Final, cast

from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn  # pyright: ignore[reportUnknownVariableType]  half-typed stubs

_PLACE: Final = re.compile(r"\{(login|dn)\}")
_ESCAPE: Final = re.compile(r"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)

_Part = tuple[str, str, str]


def fill_filter(template: str, values: Mapping[str, str]) -> str:
    """Put values for ``{login}`` and ``{dn}`` into a search filter, escaped (RFC 4515, section 3).

    One pass: a value that itself reads ``{dn}`` stays text. Raises :class:`KeyError` for a place without a value.
    """
    return _PLACE.sub(lambda place: escape_filter_chars(values[place.group(1)]), template)


def common_name_of(dn: str) -> str | None:
    """The ``cn`` in the first component of a distinguished name (RFC 4514), exactly as stored; None without one."""
    for attribute, value, separator in _split(dn):
        if attribute.lower() == "cn":
            return _unescape(value)
        if separator == ",":
            return None
    return None


def is_under(dn: str, base: str) -> bool:
    """Whether a name lies in the subtree of ``base``; a name that can't be read lies nowhere."""
    parts, tail = _fold(dn), _fold(base)
    return bool(tail) and parts[-len(tail) :] == tail


def domain_of(dn: str) -> str:
    """The components of a name that tell its DNS domain (``dc=…``; RFC 2247)."""
    return ",".join(f"{kind}={value}" for kind, value, _ in _split(dn) if kind.lower() == "dc")


def _fold(dn: str) -> list[tuple[str, str, str]]:
    return [(kind.lower(), _unescape(value).casefold(), separator) for kind, value, separator in _split(dn)]


def _split(dn: str) -> list[_Part]:
    try:
        return cast("list[_Part]", parse_dn(dn, strip=True)) if dn else []
    except LDAPInvalidDnError:
        return []


def _unescape(value: str) -> str:
    """Undo ``\\,`` and ``\\E7``: servers write names in Japanese either way."""
    octets = bytearray()
    end = 0
    for match in _ESCAPE.finditer(value):
        octets += value[end : match.start()].encode()
        token = match.group(1)
        octets += bytes.fromhex(token) if len(token) == 2 else token.encode()
        end = match.end()
    octets += value[end:].encode()
    return octets.decode("utf-8", "replace")
