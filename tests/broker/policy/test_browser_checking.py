"""A virtual browser's pool that can't hold is refused by path, with the reason."""

from typing import Any

import msgspec
import pytest

from broker.model.kinds import DesktopProtocol, PoolApplication, PoolKind
from broker.model.records import Pool
from broker.policy.browser_checking import refusals_of_browser
from tests.pools.rows import ZONE, pool

INTERNET = msgspec.structs.replace(ZONE, baseline_kind="internet_zone")


def browser(**changes: Any) -> Pool:
    whole = {"application": PoolApplication.BROWSER, "allowed_destinations": ("www.example.lg.jp",)}
    return msgspec.structs.replace(pool("local"), **{**whole, **changes})


def said(pool_: Pool) -> list[str]:
    return [f"{refusal.path}: {refusal.why}" for refusal in refusals_of_browser("p", INTERNET, pool_)]


def test_a_whole_one_is_fine() -> None:
    entries = ("www.example.lg.jp", "*.example.lg.jp", "https://a.example.jp:8443", "192.0.2.10")
    assert said(browser(allowed_destinations=entries, homepage="https://a.example.jp:8443/start")) == []


def test_a_zone_by_another_name_may_be_of_the_internets_kind() -> None:
    assert (
        refusals_of_browser("p", msgspec.structs.replace(INTERNET, id="internet_zone", baseline_kind=""), browser())
        == []
    )


def test_elsewhere_it_would_be_a_way_out() -> None:
    (refusal,) = refusals_of_browser("p", ZONE, browser())
    assert refusal.path == "p.zone"


@pytest.mark.parametrize(
    "changes, path",
    [
        ({"kind": PoolKind.PERSISTENT}, "p.kind"),
        ({"provider": "static"}, "p.provider"),
        ({"protocol": DesktopProtocol.RDP}, "p.protocol"),
        ({"allowed_destinations": ()}, "p.allowed_destinations"),
        ({"allowed_destinations": tuple(f"h{number}.example.jp" for number in range(401))}, "p.allowed_destinations"),
        ({"allowed_destinations": ("www.example.lg.jp", "*")}, "p.allowed_destinations[1]"),
        ({"allowed_destinations": ("*.lg.jp",)}, "p.allowed_destinations[0]"),
        ({"allowed_destinations": ("www.example.lg.jp", "WWW.example.lg.jp.")}, "p.allowed_destinations[1]"),
        ({"homepage": "www.example.lg.jp"}, "p.homepage"),
        ({"homepage": "file:///etc/passwd"}, "p.homepage"),
        ({"homepage": "https://news.example/"}, "p.homepage"),
        ({"homepage": "https://www.example.lg.jp:8443/"}, "p.homepage"),
        ({"homepage": "https://x@www.example.lg.jp/"}, "p.homepage"),
        ({"homepage": "https://www.example.lg.jp:x/"}, "p.homepage"),
        ({"homepage": "https://www.example.lg.jp/\x1b"}, "p.homepage"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(changes: dict[str, Any], path: str) -> None:
    (line,) = said(browser(**changes))
    assert line.startswith(f"{path}: ")


@pytest.mark.parametrize("changes", [{"allowed_destinations": ("www.example.lg.jp",)}, {"homepage": "https://a.jp/"}])
def test_an_ordinary_desktop_has_no_destinations(changes: dict[str, Any]) -> None:
    (line,) = said(browser(**{"application": PoolApplication.DESKTOP, "allowed_destinations": (), **changes}))
    assert "no network" in line
