"""Whether a virtual browser's pool can hold: where it stands, and what it may reach. Pure."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from broker.model.destinations import (
    MAX_DESTINATIONS,
    Destination,
    DestinationRefused,
    Scheme,
    find_destination,
    normal_host,
    parse_destination,
)
from broker.model.kinds import DesktopProtocol, PoolApplication, PoolKind
from broker.model.records import Pool, Zone
from broker.policy.checking import RuleRefusal

INTERNET_KIND: Final = "internet_zone"


def refusals_of_browser(where: str, zone: Zone, pool: Pool) -> list[RuleRefusal]:
    """Everything that is wrong, by path."""
    if pool.application is not PoolApplication.BROWSER:
        return list(_idle(where, pool))
    return [*_place(where, zone, pool), *_destinations(where, pool), *_homepage(where, pool)]


def _idle(where: str, pool: Pool) -> Iterator[RuleRefusal]:
    for name in ("allowed_destinations", "homepage"):
        if getattr(pool, name):
            yield RuleRefusal(f"{where}.{name}", 'is for application = "browser" alone; other desktops have no network')


def _place(where: str, zone: Zone, pool: Pool) -> Iterator[RuleRefusal]:
    if (zone.baseline_kind or zone.id) != INTERNET_KIND:
        yield RuleRefusal(
            f"{where}.zone",
            f"a virtual browser stands in a zone of the kind {INTERNET_KIND}; elsewhere it would be a way out",
        )
    if pool.kind is not PoolKind.FLOATING:
        yield RuleRefusal(f"{where}.kind", "a virtual browser is floating: nothing of it is kept")
    if pool.provider != "local":
        yield RuleRefusal(f"{where}.provider", "a virtual browser runs on the provider local: an agent's sandbox")
    if pool.protocol is not DesktopProtocol.VNC:
        yield RuleRefusal(f"{where}.protocol", "a virtual browser is reached by vnc")


def _destinations(where: str, pool: Pool) -> Iterator[RuleRefusal]:
    path = f"{where}.allowed_destinations"
    if not pool.allowed_destinations:
        yield RuleRefusal(path, "is empty: a virtual browser without destinations shows nothing")
    if len(pool.allowed_destinations) > MAX_DESTINATIONS:
        yield RuleRefusal(path, f"has more than {MAX_DESTINATIONS} entries")
    seen: dict[Destination, int] = {}
    for number, text in enumerate(pool.allowed_destinations):
        match parse_destination(text):
            case DestinationRefused(why):
                yield RuleRefusal(f"{path}[{number}]", f"{text!r}: {why}")
            case Destination() as destination if destination in seen:
                yield RuleRefusal(f"{path}[{number}]", f"{text!r}: says the same as entry {seen[destination]}")
            case Destination() as destination:
                seen[destination] = number


def _homepage(where: str, pool: Pool) -> Iterator[RuleRefusal]:
    if not pool.homepage:
        return
    path = f"{where}.homepage"
    try:
        split = urlsplit(pool.homepage)
        scheme, port = Scheme(split.scheme), split.port
    except ValueError:
        yield RuleRefusal(path, "must be an address that begins with http:// or https://")
        return
    shown = f"[{split.hostname}]" if ":" in (split.hostname or "") else split.hostname or ""
    host = normal_host(shown)
    if host is None or not pool.homepage.isprintable() or split.username is not None:
        yield RuleRefusal(path, "must be an address with a host name in ASCII and without an account")
        return
    parsed = (parse_destination(text) for text in pool.allowed_destinations)
    listed = tuple(each for each in parsed if isinstance(each, Destination))
    if find_destination(listed, scheme, host, port or scheme.port) is None:
        yield RuleRefusal(path, "is not among allowed_destinations: add its host there, or leave the homepage out")
